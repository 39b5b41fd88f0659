"""Others' columns, words and dates, read by a map."""

import pytest

from service.api.v1.import_map import read_import_map
from service.errors import FaultsInRequest, SettingsRefused
from service.store.responses import find_by_identifier
from tests.service.build import a_deployment
from tests.service.importing import bring, counts, refused

MAP = """
delimiter = ";"
decimal_comma = true
date_format = "%d.%m.%Y"
time_format = "%d.%m.%Y %H:%M"
time_zone = "Europe/Berlin"
[columns]
identifier = "urn:old|{Klient}-{Nr}"
patient = "Patient/{Klient}"
therapist = "Kürzel"
session_number = "Nr"
session_date = "Datum"
authored = "{Datum} 12:00"
item-1 = "Beziehung"
item-2 = "Ziele"
item-3 = "Vorgehen"
item-4 = "Insgesamt"
[constants]
instrument = "srs-3"
[values.therapist]
AB = "Practitioner/ada"
[values."item-*"]
"9,2" = "9.2"
"9" = "9"
"""
HEADER = "Klient;Nr;Datum;Kürzel;Beziehung;Ziele;Vorgehen;Insgesamt;Notiz"
ROW = "anna;7;02.02.2026;AB;9,2;9;9;9,2;said something"


@pytest.fixture
def deployment(tmp_path):
    made = a_deployment(tmp_path)
    yield made
    made.database.close()


def bring_theirs(deployment, *rows, header=HEADER, keys="", encoding="utf-8"):
    file = "\n".join([header, *rows]).encode(encoding)
    return bring(deployment, file, mapped=read_import_map(keys + MAP))


def test_a_row_of_theirs_is_a_response_of_ours(deployment):
    assert counts(bring_theirs(deployment, ROW)) == (1, 0, 0)

    with deployment.database.read() as tx:
        stored = find_by_identifier(tx, "default", "urn:old", "anna-7")
    assert (stored.patient, stored.therapist, stored.session_number) == (
        "Patient/anna",
        "Practitioner/ada",
        7,
    )
    assert (stored.session_date, stored.authored) == ("2026-02-02", "2026-02-02T12:00:00+01:00")
    assert stored.answers == '{"item-1":"9.2","item-2":"9","item-3":"9","item-4":"9.2"}'
    assert (stored.origin, b"said" in stored.body) == ("import", False)


def test_faults_name_their_columns_and_no_value(deployment):
    done = bring_theirs(deployment, "anna;7;30.02.2026;XY;9,2;9;8;;")

    told = {(one.at, one.reason) for one in refused(deployment, done)}
    assert told >= {("Kürzel", "unknown-word"), ("Vorgehen", "unknown-word"), ("Datum", "not-a-date")}
    assert not any("XY" in one.message or "30.02" in one.message for one in refused(deployment, done))


def test_columns_that_are_not_used_may_have_one_name(deployment):
    done = bring_theirs(deployment, f"{ROW};more", header=f"{HEADER};Notiz")

    assert counts(done) == (1, 0, 0)


def test_a_column_that_is_used_must_be_there_once(deployment):
    with pytest.raises(FaultsInRequest) as refusal:
        bring_theirs(deployment, f"{ROW};7", header=f"{HEADER};Nr")
    assert [one.reason for one in refusal.value.faults] == ["repeated-column"]


def test_a_quote_that_the_header_leaves_open_takes_no_row_into_it(deployment):
    with pytest.raises(FaultsInRequest) as refusal:
        bring_theirs(deployment, f'{ROW}"', header=HEADER.replace("Notiz", '"Notiz'))
    assert [one.reason for one in refusal.value.faults] == ["not-csv"]


def test_a_file_may_be_in_another_encoding(deployment):
    done = bring_theirs(deployment, ROW, keys='encoding = "cp1252"', encoding="cp1252")

    assert counts(done) == (1, 0, 0)


def test_a_byte_that_the_encoding_has_not_is_a_fault_of_its_row(deployment):
    rows = [ROW, ROW.replace("said", "\x81")]
    file = "\n".join([HEADER, *rows]).encode("latin-1")

    done = bring(deployment, file, mapped=read_import_map('encoding = "cp1252"' + MAP))

    assert [(one.line, one.reason) for one in refused(deployment, done)] == [(3, "wrong-encoding")]


def test_a_note_may_have_line_breaks(deployment):
    assert counts(bring_theirs(deployment, f'{ROW}"'.replace("said", '"said;\n\nmore'))) == (1, 0, 0)


def test_the_end_of_a_treatment_is_written_as_other_dates_are(deployment):
    keys = MAP.replace("[constants]", 'treatment_ended = "Ende"\n[constants]')
    file = "\n".join([f"{HEADER};Ende", f"{ROW};20.02.2026"]).encode()

    done = bring(deployment, file, mapped=read_import_map(keys))

    assert (counts(done), refused(deployment, done)) == ((1, 0, 0), [])


FAULTS = {
    'encoding = "utf-16"': "--map: encoding: must be one in which ASCII stands as it is, such as cp1252",
    'encoding = "runes"': "--map: encoding: must be one in which ASCII stands as it is, such as cp1252",
    'delimiter = ";;"': "--map: delimiter: must be one character",
    'colour = "red"': "--map: colour: there is no such key",
    'time_zone = "Moon/Base"': "--map: time_zone: is not known on this machine; such as Europe/Berlin",
    "decimal_comma = 1": "--map: decimal_comma: must be true or false",
    "[columns]\npatient = 7": "--map: columns.patient: must be a text",
    "[values]\npatient = 7": "--map: values.patient: must be a table",
    '[columns]\npatient = "{"': "--map: columns.patient: braces must hold the name of a column",
    "date_format = 7": "--map: date_format: must be a text",
}


@pytest.mark.parametrize(("text", "fault"), FAULTS.items())
def test_a_map_with_a_fault_is_refused(text, fault):
    with pytest.raises(SettingsRefused) as refusal:
        read_import_map(text)
    assert fault in refusal.value.faults


def test_a_map_that_is_no_toml_is_refused():
    with pytest.raises(SettingsRefused):
        read_import_map("columns = ")
