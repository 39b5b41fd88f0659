"""Every command leaves a row in the audit, or has a reason to leave none."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.__main__ import _parser
from service.flows.record_response import record_response
from service.store.database import Database
from tests.databases import sqlite_only
from tests.service.build import a_deployment, a_response, an_access
from tests.service.importing import a_file, a_row
from tests.service.test_main import run

WHY = ("--by", "Data Protection Officer", "--reason", "Art. 17")
KEY = ("api-keys", "create", "--name", "tool", "--scopes", "system/Observation.rs", "--expires", "90")
NO_ROW = {
    **dict.fromkeys(("run", "api", "worker"), "each access that they serve has its own"),
    "health": "asks whether a process answers",
    "migrate": "changes tables and reads nobody; each start does it too",
    "check-ehr": "opens no database",
    "sandbox-ehr": "is none of ours",
    **dict.fromkeys(
        (
            *("import-template", "check-instruments", "wording-template", "evaluate-rules"),
            *("views", "settings-table", "openapi"),
        ),
        "writes what ships, or what is in a file, about nobody",
    ),
}
# Where the row is proven of what needs more than a database.
PROVEN = {
    "erase-expired": "flows/test_erase_expired.py",
    "subscribe-ehr": "flows/test_subscribe_ehr.py",
    "approve-norms": "commands/test_norms.py",
}


@dataclass
class World:
    """A database with one response, and what commands are told of it."""

    url: str
    folder: Path
    delivery: str

    def run(self, *arguments: object) -> str:
        code, written = run(*arguments, database_url=self.url)
        assert code in {0, 1}, arguments
        return written

    def routes(self) -> list[str]:
        database = Database(self.url)
        with database.read() as tx:
            routes = tx.exec_driver_sql("SELECT route FROM audit_rows ORDER BY row_id").scalars().all()
        database.close()
        return list(routes)

    def park(self) -> str:
        """Let a person have to decide about the delivery; return its id."""
        database = Database(self.url)
        with database.write() as tx:
            tx.exec_driver_sql("UPDATE deliveries SET state = 'rejected'")
            tx.exec_driver_sql("UPDATE parts SET state = 'rejected'")
        database.close()
        return self.delivery

    def first_word(self, *arguments: str) -> str:
        """Return the first word that a list shows: an id."""
        return self.run(*arguments).split()[0]

    def file(self) -> Path:
        file = self.folder / "history.csv"
        file.write_bytes(a_file([a_row(1)]))
        return file


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    deployment = a_deployment(tmp_path, ehr_base_url="http://127.0.0.1:8095/fhir")
    recorded = record_response(deployment, a_response(), an_access())
    deployment.database.close()
    yield World(deployment.database.url, tmp_path, recorded.deliveries[0])
    deployment.database.close()


def _a_key(world: World) -> str:
    world.run(*KEY)
    return world.first_word("api-keys", "list")


def _a_recipient(world: World) -> str:
    world.run("export", "--de-identified", "Study", "--out", world.folder / "study")
    return world.first_word("export-keys", "list")


ACTS: dict[str, Callable[[World], tuple[object, ...]]] = {
    "erase-patient": lambda _: ("Patient/anna", *WHY),
    "export-patient": lambda _: ("Patient/anna",),
    "after-restore": lambda _: (),
    "export": lambda world: ("--out", world.folder / "out"),
    "export-keys list": lambda _: (),
    "export-keys revoke": lambda world: (_a_recipient(world),),
    "import": lambda world: (world.file(),),
    "deliveries list": lambda _: (),
    "deliveries release": lambda _: (),
    "deliveries explain": lambda world: (world.delivery,),
    "deliveries retry": lambda world: (world.delivery,),
    "deliveries confirm": lambda world: (world.park(), "QuestionnaireResponse/1"),
    "deliveries discard": lambda world: (world.park(), "typed twice"),
    "verify-audit": lambda _: (),
    "purge-audit": lambda _: ("--before", "2020-01-01"),
    "api-keys create": lambda _: KEY[2:],
    "api-keys list": lambda _: (),
    "api-keys revoke": lambda world: (_a_key(world),),
    "fit-norms": lambda _: (),
}
# A file is copied; a server has a command of its own.
ON_SQLITE = {"backup": lambda world: (world.folder / "copy.db",)}


def names(parser: argparse.ArgumentParser, before: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield every command with its act, as it is typed."""
    below = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]  # noqa: SLF001
    if not below:
        yield " ".join(before)
    for one in below:
        for name, made in one.choices.items():
            yield from names(made, (*before, name))


def test_every_command_has_a_row_or_a_reason_to_have_none():
    told = [*ACTS, *ON_SQLITE, *PROVEN, *NO_ROW]

    assert sorted(names(_parser())) == sorted(told)
    assert [one for one in PROVEN.values() if not (Path(__file__).parents[1] / one).exists()] == []


@pytest.mark.parametrize("name", ACTS)
def test_a_command_is_in_the_audit(world, name):
    arguments = ACTS[name](world)
    before = len(world.routes())
    world.run(*name.split(), *arguments)

    assert name in world.routes()[before:]


@sqlite_only
@pytest.mark.parametrize("name", ON_SQLITE)
def test_a_command_on_a_file_is_in_the_audit(world, name):
    world.run(name, *ON_SQLITE[name](world))

    assert name in world.routes()
