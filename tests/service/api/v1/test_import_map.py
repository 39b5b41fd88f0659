"""Others' columns, words and dates, read by a map."""

import pytest

from service.api.v1.import_map import read_import_map
from service.errors import FaultsInRequest, SettingsRefused
from service.store.responses import find_by_identifier
from tests.service.build import a_deployment
from tests.service.importing import a_file, a_row, bring, counts, refused

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


NO_DAY = "must be one of Python's strptime, with year, month and day, such as %d.%m.%Y"
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
    'date_format = "%d.%m."': "--map: date_format: " + NO_DAY,
    'date_format = "%D"': "--map: date_format: " + NO_DAY,
    'date_format = "TT.MM.JJJJ"': "--map: date_format: " + NO_DAY,
    'time_format = "%H:%M"': "--map: time_format: " + NO_DAY,
    "date_format = 7": "--map: date_format: must be a text",
}


@pytest.mark.parametrize(("text", "fault"), FAULTS.items())
def test_a_map_with_a_fault_is_refused(text, fault):
    with pytest.raises(SettingsRefused) as refusal:
        read_import_map(text)
    assert fault in refusal.value.faults


def test_a_map_without_columns_reads_our_own(deployment):
    file = a_file([a_row(1)]).replace(b",", b";")

    assert counts(bring(deployment, file, mapped=read_import_map('delimiter = ";"'))) == (1, 0, 0)


@pytest.mark.parametrize("form", ["%d.%m.%y", "%m/%d/%Y", "%Y-%j", "%d. %B %Y", "%Y%m%d"])
def test_a_date_may_be_written_in_any_way_that_says_the_day(form):
    assert read_import_map(f'date_format = "{form}"').date_format == form


MISTAKES = {
    "words for no column": ('[values.therapit]\nAB = "x"', "values.therapit", "unknown-column"),
    "words for a constant": ('[values.instrument]\nSRS = "srs-3"', "values.instrument", "unknown-column"),
    "a column of no form": ('[columns]\nsesion_date = "Datum"', "columns.sesion_date", "unknown-column"),
    "a constant of no field": ('[constants]\nlanguag = "de"', "constants.languag", "unknown-column"),
    "an answer": ('[constants]\nitem-1 = "9"', "constants.item-1", "unknown-column"),
    "an unknown form": ('[constants]\ninstrument = "srs-9"', "constants.instrument", "unknown-instrument"),
    "no whole number": ('[constants]\nage_years = "many"', "constants.age_years", "wrong-type"),
    "no reason of an end": (
        '[constants]\ntreatment_end_reason = "fled"',
        "constants.treatment_end_reason",
        "unknown-choice",
    ),
    "no end": ('[constants]\ntreatment_ended = "then"', "constants.treatment_ended", "not-a-date"),
}


@pytest.mark.parametrize(("text", "at", "reason"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_of_the_map_is_told_once_by_its_own_words(deployment, text, at, reason):
    table, line = text.split("\n")
    mapped = MAP.replace(table, text) if table in MAP else MAP + text
    if "instrument = " in line and table == "[constants]":
        mapped = MAP.replace('instrument = "srs-3"', line)

    with pytest.raises(FaultsInRequest) as refusal:
        bring(deployment, f"{HEADER}\n{ROW}".encode(), mapped=read_import_map(mapped))

    assert [(one.at, one.reason) for one in refusal.value.faults] == [(at, reason)]


@pytest.mark.parametrize(
    "constant", ['site = "north"', 'language = "de"', 'treatment_end_reason = "unknown"']
)
def test_a_constant_that_a_row_can_have_is_taken(deployment, constant):
    mapped = MAP.replace("[constants]", f"[constants]\n{constant}")

    with pytest.raises(FaultsInRequest) as refusal:
        bring(deployment, b"Klient", mapped=read_import_map(mapped))

    assert {one.reason for one in refusal.value.faults} == {"missing-column"}


def test_a_map_that_is_no_toml_is_refused():
    with pytest.raises(SettingsRefused):
        read_import_map("columns = ")
