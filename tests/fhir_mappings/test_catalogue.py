from importlib import resources

import pytest

from fhir_mappings.catalogue import (
    builtin_instruments,
    find,
    load_instruments,
    shipped_instruments,
    switched_on,
)
from fhir_mappings.errors import InstrumentFileError


def test_thirty_two_forms_are_shipped_in_alphabetical_order():
    found = list(shipped_instruments())
    assert (len(found), found) == (32, sorted(found))


def test_two_forms_are_off():
    off = set(shipped_instruments()) - set(builtin_instruments())
    assert off == {"wai-srt-therapist", "sai-client"}


def test_a_clinic_turns_on_what_is_off():
    found = switched_on(shipped_instruments(), {"sai-client"})
    assert set(found) - set(builtin_instruments()) == {"sai-client"}


@pytest.mark.parametrize("reference", ["srs-3", "srs-3|1.0.0"])
def test_an_instrument_is_found_by_id_with_or_without_revision(reference):
    assert find(builtin_instruments(), reference).reference == "srs-3|1.0.0"


@pytest.mark.parametrize("reference", ["SRS", "srs", "srs-2", "srs-3|2.0.0", "srs-3|", ""])
def test_neither_an_acronym_nor_another_revision_is_found(reference):
    assert find(builtin_instruments(), reference) is None


def test_a_derived_form_without_its_whole_form_is_refused():
    text = (resources.files("fhir_mappings") / "instruments" / "wai-b3-client.toml").read_text(
        encoding="utf-8"
    )
    with pytest.raises(InstrumentFileError) as refused:
        load_instruments({"wai-b3-client.toml": text})
    assert (refused.value.file, refused.value.key) == ("wai-b3-client.toml", "derived_from")


@pytest.mark.parametrize("version", ["1.1.0", "1.0.0"])
def test_a_form_is_found_under_an_earlier_version_of_the_same_items(version):
    found = find(builtin_instruments(), f"session-check-in-client|{version}")
    assert found.reference == "session-check-in-client|1.1.0"
