"""On PostgreSQL each transaction reaches one clinic's rows, whatever a query says or forgets to say."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest
import yaml
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import ProgrammingError

from service.__main__ import main
from service.flows.record_response import record_response
from service.store.columns import metadata
from service.store.database import Database, Tx
from service.store.tables import kept_facts, responses
from tests.demo_clinic.processes import ROOT
from tests.service.build import a_deployment, a_response, an_access
from tests.system.database_wire import DatabaseWire
from tests.system.postgres import folder_of, new_database, shell_on

pytestmark = pytest.mark.postgres
CONTAINER = ROOT / "service" / "container"
INIT = (CONTAINER / "init-database.sh").read_text()
SERVICES = yaml.safe_load((CONTAINER / "compose.yaml").read_text())["services"]
HEALTH = SERVICES["database"]["healthcheck"]["test"]
# It holds what shells, SQL and URLs care for.
ODD = "it's \"$(that)/@"


@pytest.fixture
def database(postgres: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    opened = Database(new_database(postgres, f"rows_{abs(hash(request.node.name)):x}"))
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def both(database: Database) -> Database:
    """One response in each of two clinics, under one identifier."""
    for clinic in ("north", "south"):
        own = replace(a_deployment(None, database=database), clinic=clinic)
        record_response(own, a_response(), replace(an_access(), clinic=clinic))
    return database


def clinics_in(tx: Tx) -> list[str]:
    return list(tx.execute(select(responses.c.clinic)).scalars())


def test_every_table_with_a_clinic_has_its_policy(database):
    with database.read() as tx:
        guarded = tx.execute(
            text(
                "SELECT c.relname FROM pg_class c JOIN pg_policies p ON p.tablename = c.relname"
                " WHERE c.relrowsecurity AND c.relforcerowsecurity"
            )
        ).scalars()
        assert set(guarded) == {table.name for table in metadata.sorted_tables}


def test_a_query_that_names_no_clinic_sees_the_own_one_alone(both):
    with both.of("north").read() as tx:
        assert clinics_in(tx) == ["north"]


def test_a_query_that_names_another_clinic_sees_nothing(both):
    with both.of("north").read() as tx:
        assert tx.execute(select(responses.c.id).where(responses.c.clinic == "south")).all() == []


def test_a_transaction_that_was_begun_for_no_clinic_sees_nothing(both):
    with both.of("north").read() as tx:
        assert clinics_in(tx)
    with both.engine.begin() as tx:
        assert clinics_in(tx) == []


def test_another_clinic_s_rows_are_neither_changed_nor_taken_away(both):
    with both.of("north").write() as tx:
        changed = tx.execute(update(responses).where(responses.c.clinic == "south").values(status="amended"))
        gone = tx.execute(delete(kept_facts).where(kept_facts.c.clinic == "south"))
        assert (changed.rowcount, gone.rowcount) == (0, 0)


def test_no_row_is_written_for_another_clinic(both):
    with pytest.raises(ProgrammingError, match="row-level security"), both.of("north").write() as tx:
        tx.execute(insert(kept_facts), {"clinic": "south", "name": "canonical-base", "value": "x"})


def test_what_spans_clinics_sees_all(both):
    with both.of("north").across_clinics().read() as tx:
        assert sorted(clinics_in(tx)) == ["north", "south"]


def test_whom_no_policy_holds_is_told_by_migrate_and_at_the_start(postgres, database):
    new_database(postgres, "of_a_superuser")
    told: list[str] = []
    url = postgres.replace("/postgres?", "/of_a_superuser?")

    assert main(["migrate"], {"ALLIANCE_DATABASE_URL": url}, told.append) == 0
    assert "names a superuser" in told[-1]
    assert not database.passes_by_row_security()


def test_the_user_whom_compose_makes_is_held_to_one_clinic(postgres, tmp_path):
    """By the script that the database's image reads."""
    (tmp_path / "password").write_text(ODD)
    new_database(postgres, "alliance")
    script = INIT.replace("/run/secrets/database-password", str(tmp_path / "password"))
    assert shell_on(postgres, script, POSTGRES_DB="alliance") == ""

    with DatabaseWire(folder_of(postgres)) as wire:
        made = Database(f"postgresql://alliance:{quote(ODD, safe='')}@{wire.place}/alliance")
        made.migrate()
        assert not made.passes_by_row_security()
        made.close()
        host, port = wire.place.split(":")
        asked = " ".join(HEALTH[1:]).replace(f"--host={host}", f"--host={host} --port={port}")
        assert shell_on(postgres, asked) == ""
