"""Checking the audit and removing what is old, at the command line; whoever does so is in it too."""

from dataclasses import replace

import pytest

from service.__main__ import main
from service.callers import NO_CLINIC
from service.flows.audit_command import audit_command, command_access
from service.flows.seal_audit import seal_audit
from service.flows.verify_audit import verify_audit
from service.store.database import Database
from tests.service.build import a_deployment


@pytest.fixture
def environ(tmp_path):
    """The settings of a clinic whose audit has one seal over one row."""
    deployment = a_deployment(tmp_path)
    audit_command(deployment, command_access("default", "deliveries list"), "d-1")
    seal_audit(deployment)
    deployment.database.close()
    yield {"ALLIANCE_DATABASE_URL": deployment.database.url}
    deployment.database.close()


@pytest.fixture
def run(environ):
    def run_command(*arguments):
        written = []
        return main(arguments, environ, written.append), "".join(written)

    return run_command


def test_a_whole_chain_exits_well_and_prints_its_head(run):
    code, text = run("verify-audit")
    head = text.split("head ")[1].split()[0]

    assert code == 0
    assert text.startswith("default: 1 seals over 1 rows\n")
    assert run("verify-audit", "--clinic", "default", "--head", head)[0] == 0


def test_a_head_that_is_not_there_exits_with_1_and_says_why(run):
    code, text = run("verify-audit", "--head", "0" * 64)

    assert code == 1
    assert "BROKEN: the noted head is not in the chain" in text


def test_checking_the_audit_is_in_the_audit(run, environ):
    run("verify-audit")
    database = Database(environ["ALLIANCE_DATABASE_URL"])
    with database.read() as tx:
        routes = tx.exec_driver_sql("SELECT route FROM audit_rows ORDER BY row_id").scalars().all()
    database.close()

    assert routes == ["deliveries list", "verify-audit"]


def test_what_is_young_is_not_purged(run, capsys):
    assert run("purge-audit", "--before", "2999-01-01")[0] == 1
    assert "for a year at least" in capsys.readouterr().err


def test_nothing_old_purges_nothing(run):
    assert run("purge-audit", "--before", "2020-01-01") == (0, "0 rows removed\n")


def test_a_clinic_that_the_audit_has_nothing_of_is_not_said_to_be_whole(run):
    assert run("verify-audit", "--clinic", "nort") == (1, "there is nothing in the audit\n")


def test_of_several_clinics_each_has_a_chain_of_its_own(tmp_path):
    deployment = a_deployment(tmp_path)
    for clinic in ("north", "south", NO_CLINIC):
        of_clinic = replace(deployment, clinic=clinic)
        audit_command(of_clinic, command_access(clinic, "deliveries list"))
        seal_audit(of_clinic)
    found = [
        (one.clinic, one.seals, one.rows, one.fault)
        for one in verify_audit(deployment.database, None, clock=deployment.clock)
    ]
    deployment.database.close()

    assert found == [("", 1, 1, ""), ("north", 1, 1, ""), ("south", 1, 1, "")]
