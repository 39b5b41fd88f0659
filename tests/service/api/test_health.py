from datetime import timedelta

from tests.service.api.fhir.calls import create, sent


def test_the_process_is_live(client):
    assert client.get("/live").json() == {"status": "live"}


def test_a_migrated_database_is_ready(client):
    answer = client.get("/ready")

    assert answer.status_code == 200
    # A database on a server has a clock of its own, and tests stand still.
    assert answer.json() | {"clocks": []} == {
        "status": "ready",
        "database": True,
        "schema": True,
        "clock": True,
        "inbound": "off",
        "attendance": "off",
        "parked_look_ups": 0,
        "ehr": "not-configured",
        "ehr_in_trouble_since": None,
        "late_deliveries": 0,
        "ehr_troubles": [],
        "clocks": [],
    }


def test_an_old_schema_is_not_ready(client, database):
    with database.write() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")

    answer = client.get("/ready")

    assert answer.status_code == 503
    assert answer.json()["schema"] is False


def test_a_clock_that_was_set_back_is_not_ready(client, clock):
    create(client, sent())
    clock.now -= timedelta(hours=1)

    answer = client.get("/ready")

    assert answer.status_code == 503
    assert answer.json()["clock"] is False
