

def test_the_process_is_live(client):
    assert client.get("/live").json() == {"status": "live"}


def test_a_migrated_database_is_ready(client):
    answer = client.get("/ready")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "database": True,
        "schema": True,
        "clock": True,
        "ehr": "not-configured",
    }
