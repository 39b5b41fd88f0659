"""Every figure of a seeded clinic is what plain Python counts in the database's own rows."""

from collections.abc import Iterator
from itertools import combinations
from math import sqrt
from pathlib import Path

import duckdb
import pytest

from service.clock import from_instant
from service.flows.deployment import Deployment
from service.flows.export_tables import export_tables
from service.flows.refresh_snapshot import refresh_snapshot
from service.reporting.answers import Answered, answer_question
from service.reporting.dimensions import DIMENSIONS, MOST
from service.reporting.figures import SOURCES, told_figures
from service.reporting.parts import counted_name, parts_name, quartiles_name
from service.reporting.patient_counts import counts_name
from service.reporting.question import Question
from service.reporting.reading import reading
from service.reporting.snapshots import Snapshot
from service.reporting.tables import TABLES
from tests.service.build import an_access
from tests.service.reporting.clinic import fill_clinic
from tests.service.reporting.recount import Counted, Key, Recount, stored_rows
from tests.service.reporting.table_rows import recounted_rows

ALL = tuple(dict.fromkeys(one.family for one in told_figures()))
CLIENTS = 30
# The tables hold prompts already counted, and no single marks.
NOT_IN_TABLES = {"prompts_per_100_sessions"}
GROUPS = [
    *[(), ("clinic",), ("team",), ("site",), ("therapist",), ("approach",), ("instrument",), ("language",)],
    *[("month",), ("quarter",), ("session_band",), ("team", "month"), ("instrument", "session_band")],
    *[("therapist", "quarter"), ("month", "session_band"), ("language", "quarter"), ("therapist", "month")],
]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Deployment, Snapshot]]:
    deployment = fill_clinic(tmp_path_factory.mktemp("clinic"), CLIENTS)
    snapshot = refresh_snapshot(deployment)
    assert snapshot
    yield deployment, snapshot
    deployment.database.close()


def ask(snapshot: Snapshot, group_by: tuple[str, ...]) -> tuple[Question, Answered]:
    question = Question("default", ALL, group_by, 1, snapshot.facts.counted_by)
    with reading(snapshot.folder, 20) as reader:
        return question, answer_question(reader, question)


def recounted(clinic: tuple[Deployment, Snapshot], group_by: tuple[str, ...]) -> dict[Key, Counted]:
    deployment, snapshot = clinic
    return Recount(stored_rows(deployment.database), from_instant(snapshot.facts.as_of), group_by).figures()


def told(snapshot: Snapshot, group_by: tuple[str, ...]) -> dict[Key, Counted]:
    question, answered = ask(snapshot, group_by)
    shows = question.shows
    return {
        (
            cell.figure,
            tuple(show(key) for show, key in zip(shows, cell.group, strict=True)),
            cell.labels,
        ): Counted(pytest.approx(cell.value, abs=1e-6), cell.n)
        for cell in answered.cells
    }


@pytest.mark.parametrize("group_by", GROUPS, ids="-".join)
def test_every_figure_is_what_plain_python_counts(clinic, group_by):
    counted = {key: Counted(one.value, one.n) for key, one in recounted(clinic, group_by).items()}

    assert told(clinic[1], group_by) == counted


@pytest.fixture(scope="module")
def tables(clinic: tuple[Deployment, Snapshot], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    export_tables(clinic[0], folder, an_access("R"))
    return folder


@pytest.mark.parametrize("group_by", [(), ("team", "month"), ("therapist",), ("session_band",)], ids="-".join)
def test_every_figure_is_what_plain_python_counts_in_the_exported_tables(clinic, tables, group_by):
    as_of = from_instant(clinic[1].facts.as_of)
    counted = Recount(recounted_rows(tables), as_of, group_by).figures()

    assert {key: one for key, one in told(clinic[1], group_by).items() if key[0] not in NOT_IN_TABLES} == {
        key: Counted(one.value, one.n) for key, one in counted.items() if key[0] not in NOT_IN_TABLES
    }


def test_the_prompts_in_the_exported_tables_are_those_of_the_figure(clinic, tables):
    counted = recounted(clinic, ())["prompts_per_100_sessions", (), ()]
    with duckdb.connect() as opened:
        sessions = opened.read_parquet(str(tables / "sessions.parquet")).filter("in_time")
        ((prompts, rated),) = sessions.aggregate("sum(prompts), count(*)").fetchall()

    assert (prompts / rated * 100, rated) == (pytest.approx(counted.value), counted.n)


def test_every_figure_of_the_list_was_counted(clinic):
    counted = {name for name, _, _ in recounted(clinic, ())}

    assert counted == {one.name for one in told_figures()}


def test_a_snapshot_holds_what_questions_are_answered_from_and_nothing_else(clinic):
    asked = [by for many in range(MOST + 1) for by in combinations(DIMENSIONS, many)]
    read = {
        name(source, by)
        for source in SOURCES
        for by in asked
        if {*by} <= {*source.dimensions}
        for name in (parts_name, counted_name, quartiles_name)
    }
    read |= {counts_name(source) for source in SOURCES}

    assert {one.stem for one in clinic[1].folder.glob("*.parquet")} == {*TABLES, *read} - {None}


def test_an_interval_is_that_of_whole_dyads(clinic):
    (cell,) = [
        one
        for one in ask(clinic[1], ())[1].cells
        if one.figure == "level_mean" and one.labels == ("srs-3", "client", "total")
    ]
    counted = recounted(clinic, ())["level_mean", (), ("srs-3", "client", "total")]
    off = [x - counted.value * m for x, m in counted.parts]
    dyads = len(off)
    error = sqrt(sum(one**2 for one in off) * dyads / (dyads - 1)) / counted.n

    assert dyads == 30
    assert cell.high - counted.value == pytest.approx(2.045 * error, rel=1e-3)  # t of 29
    assert counted.value - cell.low == pytest.approx(2.045 * error, rel=1e-3)
