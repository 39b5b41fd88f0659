from importlib import resources

import pytest

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.check_files import check_instrument_files

FOLDER = resources.files("fhir_mappings") / "instruments"


def shipped(instrument_id: str, own_id: str, **changes: str) -> str:
    """Return the text of a shipped file under an id of the clinic's own."""
    text = (FOLDER / f"{instrument_id}.toml").read_text(encoding="utf-8")
    text = text.replace(f'id = "{instrument_id}"', f'id = "{own_id}"', 1)
    text = text.replace('name = "', 'name = "Clinic', 1)
    for key, value in changes.items():
        assert value.partition("->")[0] in text, key
        text = text.replace(*value.split("->"), 1)
    return text


def check(**files: str):
    named = {f"{name.replace('_', '-')}.toml": text for name, text in files.items()}
    return check_instrument_files(named, shipped_instruments())


def faults(report) -> list[tuple[str, str, str]]:
    return [(fault.file, fault.key, fault.reason) for one in report.files for fault in one.faults]


def test_a_valid_file_gives_an_instrument_and_no_faults():
    report = check(own_srs=shipped("srs-3", "own-srs"))
    assert (list(report.instruments), report.fault_count) == (["own-srs"], 0)


def test_every_fault_of_every_file_is_reported_with_file_key_and_reason():
    bad = shipped(
        "srs-3", "bad-srs", title='short_title = "SRS"->short_title = 1', step="step = 0.1->step = 0.3"
    )
    report = check(bad_srs=bad, broken="id =", own_arm=shipped("arm-5-client", "own-arm"))
    assert [(file, key) for file, key, _ in faults(report)] == [
        ("bad-srs.toml", "items[0].step"),
        ("bad-srs.toml", "short_title"),
        ("broken.toml", "(syntax)"),
    ]
    assert list(report.instruments) == ["own-arm"]


def test_a_shipped_instrument_is_not_defined_again():
    report = check(srs_3=shipped("srs-3", "srs-3"))
    assert faults(report) == [("srs-3.toml", "id", "is the id of a shipped instrument")]


def test_two_files_of_one_id_are_told_apart_by_their_place():
    text = shipped("srs-3", "own-srs")
    report = check_instrument_files({"a/own-srs.toml": text, "b/own-srs.toml": text}, shipped_instruments())
    assert faults(report) == [("b/own-srs.toml", "id", "is the id of another file")]


TURNED = 'scale = "wai-frequency-5" }->scale = "wai-frequency-5", reversed = true }'


@pytest.mark.parametrize(
    ("source", "change", "key"),
    [
        ("arm-5-client", 'display = "Neither"->display = "Undecided"', "scales.arm-agreement-7"),
        ("session-reflection-therapist", '"Possible"->"Perhaps"', "options.disconnection-3"),
        ("srs-3", 'name = "Clinic->name = "', "name"),
        ("wai-b3-client", '"wai-sr-client"->"wai-sr-therapist"', "derived_from"),
        ("wai-b3-client", '"wai-sr-client"->"nowhere"', "derived_from"),
        ("wai-b3-client", '"wai-sr-client"->"wai-b3-client"', "derived_from"),
        ("wai-b3-client", TURNED, "items[0]"),
    ],
)
def test_a_form_that_does_not_fit_the_others_is_refused(source, change, key):
    report = check(own=shipped(source, "own", change=change))
    assert [found for _, found, _ in faults(report)] == [key]


def test_a_derived_form_may_have_words_of_its_own():
    own = shipped("wai-b3-client", "own", text='"Work will bring change"->"Change by this work"')
    assert check(own=own).fault_count == 0


def test_the_report_names_faults_or_shows_how_a_form_is_scored():
    report = check(own_arm=shipped("arm-5-client", "own-arm"), broken="id =", empty="")
    lines = report.text().splitlines()
    assert lines[0] == "own-arm.toml: valid"
    assert "  example  item-1 6, item-2 4, item-3 7 (counts 1), item-4 3, item-5 6" in lines
    assert "       ->  total 20, total-mean 4" in lines
    assert "broken.toml: 1 fault" in lines
    assert "  id: is missing" in lines
