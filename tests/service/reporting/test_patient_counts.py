"""The counts that hiding rests on: of every table that an answer needs, and those that plain SQL counts."""

from collections.abc import Iterator
from itertools import combinations

import pytest

from fhir_mappings.filled import Identifier
from service.flows.record_response import record_response
from service.flows.refresh_snapshot import refresh_snapshot
from service.reporting.coarser import Table, Tables, in_order
from service.reporting.counted_by import CountedBy
from service.reporting.dimensions import INSTRUMENT, MOST, band_sql
from service.reporting.figures import FIGURES, RESPONSES, SCORES, SOURCES, Source
from service.reporting.nesting import read_nesting
from service.reporting.patient_counts import read_patients
from service.reporting.reading import Reader, reading
from tests.service.build import a_response, an_access
from tests.service.reporting.clinic import fill_clinic

_KEYS = {
    "clinic": "1",
    "month": "year(session_date) * 100 + month(session_date)",
    "quarter": "year(session_date) * 100 + quarter(session_date)",
    "session_band": band_sql(CountedBy().session_bands),
}
# A source's table, and what of it an aggregate counts.
_COUNTED = [
    (RESPONSES, "responses", "count(*)", "true"),
    (RESPONSES, "responses", "count(lowest_mark)", "lowest_mark IS NOT NULL"),
    (SCORES, "scores", "count(value)", "value IS NOT NULL"),
    (SCORES, "scores", "count(below_cut_off)", "below_cut_off IS NOT NULL"),
]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A clinic; five more patients see two therapists of two teams in the same weeks, and rate both."""
    deployment = fill_clinic(tmp_path_factory.mktemp("clinic"), 20)
    for client in range(5):
        patient = f"Patient/of-two-{client}"
        for team in ("blue", "green"):
            new = a_response(
                patient=patient,
                source=patient,
                therapist=f"Practitioner/{team}",
                team=team,
                identifier=Identifier("urn:of-two", f"{client}-{team}"),
            )
            record_response(deployment, new, an_access())
    snapshot = refresh_snapshot(deployment)
    assert snapshot
    with reading(snapshot.folder, 60) as opened:
        yield opened
    deployment.database.close()


def asked(source: Source) -> list[Table]:
    return [by for many in range(MOST + 1) for by in combinations(source.dimensions, many)]


def wholes(source: Source) -> list[str]:
    return list(dict.fromkeys(one.m for one in FIGURES if one.source is source))


def tables_of(reader: Reader, source: Source, wanted: set[Table]) -> set[Table]:
    counted = read_patients(reader, source, wholes(source), wanted)
    return {table for of_whole in counted.values() for tables in of_whole.values() for table in tables}


@pytest.mark.parametrize("source", SOURCES, ids=lambda one: one.name)
def test_every_table_that_an_answer_needs_is_kept(reader, source):
    tables = Tables(read_nesting(reader, ("team",)))
    needed = set().union(*(tables.needed(by) for by in asked(source)))

    assert tables_of(reader, source, needed) == needed


def test_those_of_responses_by_instrument_too(reader):
    tables = Tables(read_nesting(reader, ("team",)))
    needed = set().union(*(tables.needed_by_instrument(by) for by in asked(RESPONSES)))

    assert in_order(("team", "month", INSTRUMENT)) in needed
    assert tables_of(reader, RESPONSES, needed) == needed


@pytest.mark.parametrize(("source", "name", "whole", "there"), _COUNTED)
def test_each_group_has_as_many_patients_as_plain_sql_counts(reader, source, name, whole, there):
    tables = Tables(read_nesting(reader, ("team",)))
    needed = set().union(*(tables.needed(by) for by in asked(source)))
    counted = read_patients(reader, source, [whole], needed)
    reader.show(name)

    for table in needed:
        keys = [_KEYS.get(one, f"coalesce({one}, '')") for one in table]
        rows = reader.rows(
            f"SELECT {', '.join([*source.labels, *keys])}, count(DISTINCT patient)"  # noqa: S608 - ours
            f" FROM {name} WHERE {there} GROUP BY ALL"
        )
        labels = len(source.labels)
        assert {
            (of, group): count
            for of, of_whole in counted.items()
            for group, count in of_whole[whole].get(table, {}).items()
        } == {(row[:labels], row[labels:-1]): row[-1] for row in rows}


def test_who_sees_two_therapists_counts_once(reader):
    counted = read_patients(reader, RESPONSES, ["count(*)"], [("clinic",), ("team",)])[()]["count(*)"]
    reader.show("responses")
    everybody = reader.rows("SELECT count(DISTINCT patient) FROM responses")

    assert counted["clinic",] == {(1,): everybody[0][0]}
    assert sum(counted["team",].values()) == everybody[0][0] + 5


def test_a_table_that_was_not_counted_is_an_error_and_no_empty_one(reader):
    with pytest.raises(LookupError, match="responses_patients has no site,team,approach"):
        read_patients(reader, RESPONSES, ["count(*)"], [("site",), ("site", "team", "approach")])
