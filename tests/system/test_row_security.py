"""On PostgreSQL each transaction reaches one clinic's rows, whatever a query says or forgets to say."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import ProgrammingError

from service.flows.record_response import record_response
from service.store.columns import metadata
from service.store.database import Database, Tx
from service.store.tables import kept_facts, responses
from tests.service.build import a_deployment, a_response, an_access
from tests.system.postgres import new_database

pytestmark = pytest.mark.postgres
OWNER = "alliance_owner"


@pytest.fixture
def database(postgres: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database whose tables belong to one who is no superuser: superusers pass by every policy."""
    name = f"rows_{abs(hash(request.node.name)):x}"
    server = new_database(postgres, name)
    admin = Database(server)
    with admin.engine.begin() as tx:
        tx.execute(text(f"DROP OWNED BY {OWNER}") if _is_there(tx) else text(f"CREATE ROLE {OWNER} LOGIN"))
        tx.execute(text(f"GRANT ALL ON SCHEMA public TO {OWNER}"))
    admin.close()
    opened = Database(server.replace("postgres@", f"{OWNER}@"))
    opened.migrate()
    yield opened
    opened.close()


def _is_there(tx: Tx) -> bool:
    known = text("SELECT count(*) FROM pg_roles WHERE rolname = :name")
    return tx.execute(known, {"name": OWNER}).scalar() == 1


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
