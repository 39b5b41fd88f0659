import re

import pytest
from alembic.script import ScriptDirectory

from service.errors import SettingsRefused
from service.flows.record_response import record_response
from service.store.revisions import alembic_config
from tests.service.build import a_response, an_access
from tests.service.store.standing import stand_at

NEWER = "0999"
ANOTHER_GENERATION = "1001"


def test_every_revision_says_its_generation():
    scripts = ScriptDirectory.from_config(alembic_config())
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert [one for one in revisions if not re.fullmatch(r"\d{4}", one)] == []
    assert len(scripts.get_heads()) == 1


def test_a_newer_schema_of_this_generation_is_left_as_it_is(database):
    stand_at(database, NEWER)
    database.migrate()

    assert database.is_current()
    with database.read() as tx:
        assert tx.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == NEWER


def test_on_a_newer_schema_of_this_generation_all_goes_on(client, deployment, database):
    with database.write() as tx:
        tx.exec_driver_sql("CREATE TABLE of_the_next_release (id integer)")
        tx.exec_driver_sql("ALTER TABLE responses ADD COLUMN of_the_next_release varchar(20)")
    stand_at(database, NEWER)

    assert record_response(deployment, a_response(), an_access()).created
    assert client.get("/ready").status_code == 200


@pytest.mark.parametrize("revision", [ANOTHER_GENERATION, "of-others"])
def test_what_this_release_cannot_work_on_is_refused(database, revision):
    stand_at(database, revision)
    with pytest.raises(SettingsRefused) as refused:
        database.migrate()

    assert "newer release" in refused.value.faults[0]
    assert not database.is_current()
