"""Which instruments a deployment knows, and which of them its doors take."""

import pytest

from fhir_mappings.catalogue import builtin_instruments, shipped_instruments
from service.errors import SettingsRefused
from service.flows.choose_instruments import choose_instruments
from service.settings import Settings
from tests.service.own_form import own_form


def test_what_is_shipped_off_is_known_and_not_offered():
    chosen = choose_instruments(Settings(), {})

    assert list(chosen.known) == list(shipped_instruments())
    assert list(chosen.offered) == list(builtin_instruments())


def test_a_clinic_turns_instruments_on_by_id():
    settings = Settings(enabled_instruments="sai-client, wai-srt-therapist")

    assert set(choose_instruments(settings, {}).offered) == set(shipped_instruments())


def test_an_id_that_no_instrument_has_is_refused():
    with pytest.raises(SettingsRefused) as refused:
        choose_instruments(Settings(enabled_instruments="srs-4,srs-3"), {})
    assert refused.value.faults == ("ALLIANCE_ENABLED_INSTRUMENTS: there is no instrument srs-4",)


def test_a_clinics_own_instrument_is_offered_like_the_shipped_ones():
    chosen = choose_instruments(Settings(), {"house-form.toml": own_form()})

    assert chosen.offered["house-form"].title == "House form"
    assert list(chosen.own) == ["house-form"]


def test_a_bad_file_is_refused_with_every_fault():
    files = {"house-form.toml": own_form(step="0", title=""), "srs-3.toml": own_form()}

    with pytest.raises(SettingsRefused) as refused:
        choose_instruments(Settings(enabled_instruments="house-form"), files)
    assert [fault.split(": ")[:3] for fault in refused.value.faults] == [
        ["ALLIANCE_INSTRUMENTS_DIR", "house-form.toml", "items[0].step"],
        ["ALLIANCE_INSTRUMENTS_DIR", "house-form.toml", "title"],
        ["ALLIANCE_INSTRUMENTS_DIR", "srs-3.toml", "id"],
        ["ALLIANCE_INSTRUMENTS_DIR", "srs-3.toml", "id"],
    ]


def test_the_inclusive_cut_off_holds_for_stored_responses_too():
    chosen = choose_instruments(Settings(srs_cutoff_inclusive=True), {})

    for instruments in (chosen.known, chosen.offered):
        assert next(one for one in instruments["srs-3"].cut_offs if one.id == "total-36").inclusive
