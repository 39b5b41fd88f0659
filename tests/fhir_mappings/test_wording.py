"""A clinic's own wording: every fault of its files at once, and the form that sound ones make."""

from dataclasses import replace

import pytest

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.form_names import find_form
from fhir_mappings.questionnaire import to_clinic_questionnaire, to_questionnaire
from fhir_mappings.response import read_and_check, to_response
from fhir_mappings.terminology import definitions
from fhir_mappings.wording import check_wording, restore_wording
from fhir_mappings.wording_template import to_template
from tests.builders import NAMES, WAI_CHOICES, a_filled, numbered, srs, wai_sr
from tests.own_wording import own_wording

SHIPPED = shipped_instruments()
URL = NAMES.questionnaire("srs-3-north")


def faults(**files):
    found = check_wording({f"north/{name}.toml": text for name, text in files.items()}, SHIPPED, "north")
    return [f"{one.key}: {one.reason}" for one in found.faults]


def srs_faults(text):
    return faults(**{"srs-3.de": text})


def worded(instrument, *languages):
    """Return the instrument with a clinic's wording; the first language is the form's own."""
    files = {
        f"north/{instrument.id}.{one}.toml": own_wording(
            instrument, one, "1.2.0", primary="true" if one == languages[0] else "false"
        )
        for one in languages
    }
    wording = check_wording(files, SHIPPED, "north").wordings[instrument.id]
    return replace(instrument, clinic_forms=(wording.to_form(instrument, "north", in_use=True),))


def clinic_form(instrument, *languages):
    made = worded(instrument, *languages)
    return to_clinic_questionnaire(made, made.clinic_forms[0], NAMES)


def without_words(node):
    """Return a form's items with linkIds, codes and formulas alone."""
    kept = ("linkId", "code", "type", "item", "enableWhen", "readOnly", "extension")
    return [{key: one[key] for key in kept if key in one and key != "item"} for one in node["item"]]


def test_a_template_filled_in_has_no_fault():
    assert [faults(**{f"{one.id}.nl": own_wording(one, "nl")}) for one in SHIPPED.values()] == [[]] * 32


def test_an_empty_template_names_each_text_that_is_missing():
    found = srs_faults(to_template(srs(), "de"))
    assert len(found) == 1 + 4 + 8
    assert "anchors.item-4.upper: must not be blank" in found


def test_a_missing_and_a_surplus_key_are_both_named():
    text = own_wording(srs()).replace("item-2 =", "item-7 =", 1)
    assert srs_faults(text) == ["items.item-7: unknown key", "items.item-2: is missing"]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ('"a\\u0007b"', "must be one line without control characters"),
        ('"two\\nlines"', "must be one line without control characters"),
        ('" ragged"', "must not begin or end with a blank"),
        (f'"{"x" * 1001}"', "must have at most 1000 characters"),
        ("7", "must be a text"),
    ],
)
def test_a_text_that_cannot_be_shown_is_refused(told, reason):
    assert srs_faults(own_wording(srs(), item_3=told)) == [f"items.item-3: {reason}"]


def test_a_table_that_is_none_is_refused():
    text = own_wording(srs()).partition("[items]")[0]
    assert "items: must be a table" in srs_faults(f'items = "all"\n{text}')


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("srs-4.de", "names no instrument that is known here"),
        ("srs-3.German", "must end in a language tag, as in srs-3.de.toml or srs-3.pt-BR.toml"),
        ("srs-3", "must end in a language tag, as in srs-3.de.toml or srs-3.pt-BR.toml"),
    ],
)
def test_a_name_that_says_nothing_is_refused(name, fault):
    assert faults(**{name: own_wording(srs())}) == [f"(name): {fault}"]


def test_another_clinics_folder_is_refused():
    found = check_wording({"south/srs-3.de.toml": own_wording(srs())}, SHIPPED, "north")
    assert [one.reason for one in found.faults] == ["must lie in the folder of the clinic, north"]


def test_what_is_no_toml_is_refused():
    assert srs_faults("version =")[0].startswith("(syntax): not TOML")


def test_versions_must_agree_and_one_language_be_primary():
    files = {"srs-3.de": own_wording(srs()), "srs-3.fr": own_wording(srs(), "fr", "1.1.0")}
    assert faults(**files) == [
        "version: must be that of north/srs-3.de.toml",
        "primary: must be true in one file of an instrument",
    ]


def test_a_version_is_three_numbers():
    assert srs_faults(own_wording(srs(), version="2")) == ["version: must be three numbers such as 1.0.0"]


def test_a_form_may_not_take_the_place_of_another():
    known = SHIPPED | {"srs-3-north": srs()}
    found = check_wording({"north/srs-3.de.toml": own_wording(srs())}, known, "north")
    assert [one.reason for one in found.faults] == ["would make a form srs-3-north, which is an instrument"]


def test_an_id_that_fhir_would_refuse_is_refused():
    clinic = "a-clinic-with-a-name-that-goes-on-and-on"
    text = own_wording(SHIPPED["session-reflection-therapist"])
    found = check_wording({f"{clinic}/session-reflection-therapist.de.toml": text}, SHIPPED, clinic)
    assert [one.reason for one in found.faults] == ["would make an id of more than 64 characters"]


def test_the_clinics_form_is_another_one_derived_from_ours():
    form = clinic_form(srs(), "de", "fr")
    assert (form["id"], form["url"], form["version"]) == ("srs-3-north-1.2.0", URL, "1.2.0")
    assert (form["language"], form["derivedFrom"]) == ("de", [NAMES.questionnaire("srs-3")])
    assert (form["copyright"], form["name"]) == ("Made up, licence 7.", "SessionRatingScale3North")
    assert "our own short descriptors" not in str(form)


def test_it_shows_the_clinics_words_and_translations_alone():
    (first, *_) = clinic_form(srs(), "de", "fr")["item"][0]["item"]
    (translation,) = first["_text"]["extension"]
    assert first["text"] == "Klinik Gehört und geachtet"
    assert translation["extension"][1] == {"url": "content", "valueString": "Klinik Écoute et respect"}


@pytest.mark.parametrize("instrument", SHIPPED.values(), ids=SHIPPED)
def test_codes_link_ids_and_formulas_are_ours(instrument):
    ours, theirs = to_questionnaire(instrument, NAMES), clinic_form(instrument, "de")
    assert without_words(ours["item"][0]) == without_words(theirs["item"][0])
    assert (ours["code"], ours["extension"]) == (theirs["code"], theirs["extension"])


def test_choices_keep_their_codes_and_show_the_clinics_words():
    (first, *_) = clinic_form(wai_sr(), "de")["item"][0]["item"]
    (_, second, *_) = [one["valueCoding"] for one in first["answerOption"]]
    assert (second["code"], second["display"]) == ("2", "Klinik Manchmal")


def test_a_response_to_it_is_read_back_as_one():
    instrument = worded(wai_sr(), "de")
    written = to_response(replace(a_filled(instrument), wording="1.2.0"), NAMES)
    read = read_and_check(written, {"wai-sr-client": instrument}, NAMES).response
    assert written["questionnaire"].endswith("/wai-sr-client-north|1.2.0")
    assert (read.instrument.id, read.wording) == ("wai-sr-client", "1.2.0")
    assert read.answers == numbered(WAI_CHOICES)


def test_a_response_in_a_language_of_the_form_has_its_translation_beside_the_text():
    written = to_response(
        replace(a_filled(worded(srs(), "de", "fr"), language="fr-CH"), wording="1.2.0"), NAMES
    )
    first = written["item"][0]["item"][0]
    assert first["text"] == "Klinik Gehört und geachtet"
    assert "Klinik Écoute et respect" in str(first["_text"])


@pytest.mark.parametrize(("version", "known"), [("", ()), ("|1.2.0", ()), ("|9.0.0", ("1.2.0",))])
def test_it_is_found_by_its_url_with_or_without_a_version(version, known):
    found = find_form(f"{URL}{version}", {"srs-3": worded(srs(), "de")}, NAMES)
    assert found.versions == known
    assert found.instrument.id == "srs-3"


def test_it_stands_among_the_definitions_after_ours():
    ids = [one["id"] for one in definitions({"srs-3": worded(srs(), "de")}, NAMES)]
    assert ids[-2:] == ["srs-3-1.0.0", "srs-3-north-1.2.0"]


def test_what_is_kept_gives_the_same_form_again():
    wording = check_wording({"north/srs-3.de.toml": own_wording(srs())}, SHIPPED, "north").wordings["srs-3"]
    assert restore_wording(wording.kept(), SHIPPED) == wording


def test_what_no_longer_fits_its_instrument_is_not_restored():
    wording = check_wording({"north/srs-3.de.toml": own_wording(srs())}, SHIPPED, "north").wordings["srs-3"]
    assert restore_wording(wording.kept(), {}) is None
    assert restore_wording(wording.kept(), {"srs-3": replace(srs(), all_items=srs().all_items[:3])}) is None
