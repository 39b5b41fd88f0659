import json
import math

import pytest

from fhir_mappings.catalogue import shipped_instruments
from service.alliance.errors import AllianceFileError
from service.alliance.norms import FittedFrom, load_norms, norm_for, read_norm, read_norms
from tests.service.alliance.dyads import SRS, WORLDS, world

FITTED = {"clients": 150, "clients_with_4_or_more": 120, "ratings": 1400}


def _written(**changes):
    """Return the shipped SRS norm as JSON with some keys changed; a change to ... leaves the key out."""
    fields = {name: getattr(SRS, name) for name in SRS.__slots__} | changes
    return json.dumps({name: value for name, value in fields.items() if value is not ...})


def test_shipped_norms_are_keyed_by_instrument_and_scale():
    assert set(load_norms()) == {
        f"{form}-total"
        for form in ("srs-3", "csrs-child", "gsrs-client", "wai-sr-client", "wai-s-client", "wai-36-client")
    }
    assert all(norm.status == "assumed" for norm in load_norms().values())


def test_norms_have_the_range_and_items_of_their_instruments():
    for norm in load_norms().values():
        form = shipped_instruments()[norm.instrument]
        total = form.score_by_id[norm.scale]
        assert (norm.minimum, norm.maximum) == (total.minimum, total.maximum)
        assert (norm.items, norm.perspective) == (len(form.items), form.perspective)


def test_clinics_folder_is_read_and_other_files_left_alone(tmp_path):
    (tmp_path / "srs-3-total.json").write_text(_written(version="clinic-1"))
    (tmp_path / "notes.txt").write_text("not a norm")
    assert [norm.version for norm in read_norms(tmp_path).values()] == ["clinic-1"]


def test_file_named_after_another_instrument_is_refused(tmp_path):
    (tmp_path / "wai-sr-client-total.json").write_text(_written())
    with pytest.raises(AllianceFileError) as refused:
        read_norms(tmp_path)
    assert (refused.value.file, refused.value.key) == ("wai-sr-client-total.json", "instrument, scale")


def test_norm_is_found_for_an_instruments_scale():
    norm = norm_for("srs-3", "total")
    assert norm is not None
    assert norm.reference == "srs-3-total|assumed-1"


@pytest.mark.parametrize(("instrument", "scale"), [("wai-sr-therapist", "total"), ("srs-3", "item-1")])
def test_form_without_norm_has_none(instrument, scale):
    assert norm_for(instrument, scale) is None


@pytest.mark.parametrize(
    ("level", "spread"),
    [(10.0, 3.5), (28.5, 3.5), (31.0, 3.35), (36.0, 2.7), (39.75, 0.95), (40.0, 0.8), (41.0, 0.8)],
)
def test_spread_is_linear_between_levels_and_flat_outside(level, spread):
    assert SRS.spread_at(level) == pytest.approx(spread)


@pytest.mark.parametrize("name", WORLDS)
def test_fitted_norm_tells_what_it_rests_on(name):
    norm = world(name).norm
    assert norm.status == "fitted"
    assert norm.fitted_from is not None
    assert norm.fitted_from.clients == 1500


def test_norm_comes_back_from_its_file():
    assert read_norm(_written(), "x.json") == SRS


def test_fitted_norm_keeps_its_dates():
    dates = {"first_date": "2024-01-08", "last_date": "2025-12-19"}
    norm = read_norm(_written(status="fitted", fitted_from=FITTED | dates), "x.json")
    assert norm.fitted_from == FittedFrom(150, 120, 1400, "2024-01-08", "2025-12-19")


def test_norm_may_leave_the_prior_to_the_default():
    assert read_norm(_written(prior_df=None), "x.json").prior_df is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sem", ...),
        ("sem", "1.7"),
        ("sem", 0),
        ("sem", True),
        ("mean", 41),
        ("first_rating_p10", -1),
        ("minimum", 40),
        ("phi", 1),
        ("alpha", None),
        ("items", 4.5),
        ("items", True),
        ("prior_df", 0),
        ("status", "guessed"),
        ("method", "other/1"),
        ("norm_id", ""),
        ("language", 3),
        ("spread_by_level", []),
        ("spread_by_level", [[30, 3], [30, 2]]),
        ("spread_by_level", [[30, 3, 1]]),
        ("spread_by_level", [[30, 0]]),
        ("fitted_from", FITTED),
        ("fitted_from", 150),
        ("surprise", 1),
    ],
)
def test_bad_norm_is_refused_naming_file_and_key(key, value):
    at = {"minimum": "maximum"}.get(key, key)
    with pytest.raises(AllianceFileError) as refused:
        read_norm(_written(**{key: value}), "clinic.json")
    assert (refused.value.file, refused.value.key) == ("clinic.json", at)


def test_fitted_norm_must_tell_what_it_rests_on():
    with pytest.raises(AllianceFileError) as refused:
        read_norm(_written(status="fitted"), "clinic.json")
    assert refused.value.key == "fitted_from"


@pytest.mark.parametrize("text", ["{", "[]", _written().replace("1.7", "NaN"), _written(sem=math.inf)])
def test_file_that_is_no_json_object_is_refused(text):
    with pytest.raises(AllianceFileError) as refused:
        read_norm(text, "clinic.json")
    assert str(refused.value).startswith("clinic.json: the whole file: ")
