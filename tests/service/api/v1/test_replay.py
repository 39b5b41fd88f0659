"""Simulated clients, a sample, sent through the door: the same tiers and notices as on paper."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.app import create_app
from service.log import Log
from tests.conftest import BASE_URL, NOW, TestClient
from tests.service.alliance.dyads import world

SAMPLE = 12


@pytest.fixture
def send_world(deployment, log_stream):
    """Return a function that replays the first clients with notices of a world, each session in order."""

    def send(name):
        found = world(name)
        norms = {**deployment.norms, f"{found.norm.instrument}-total": found.norm}
        app = create_app(replace(deployment, norms=norms), Log(log_stream))
        told = list(dict.fromkeys(int(row["client"]) for row in found.notices))[:SAMPLE]
        with TestClient(app, base_url=BASE_URL) as client:
            return told, {number: send_client(client, found, number) for number in told}

    return send


def send_client(client, found, number):
    """Send one client's totals; return the tiers of the trend and the alerts that each answer told."""
    last = max(session for session, _ in found.clients[number])
    notices = {}
    for session, total in found.clients[number]:
        day = NOW - timedelta(days=last - session)
        body = {
            "instrument": found.norm.instrument,
            "patient": f"Patient/{number}",
            "therapist": "Practitioner/t",
            "session_number": session,
            "authored": day.isoformat(),
            "identifier": f"urn:replay|{number}-{session}",
            "scores": {"total": total},
        }
        answer = client.post("/v1/responses", json=body)
        assert answer.status_code == 201, answer.text
        for alert in answer.json()["alerts"]:
            notices[session] = alert["severity"]
    series = client.get(f"/v1/patients/{number}/alliance-trend").json()["series"]
    return {point["session_number"]: point["tier"] for point in series[0]["points"]}, notices


@pytest.mark.parametrize("name", ["base", "srs_ceiling"])
def test_clients_sent_through_the_door_are_judged_as_on_paper(send_world, name):
    clients, sent = send_world(name)
    found = world(name)
    for number in clients:
        tiers, notices = sent[number]
        rows = [row for row in found.rule if int(row["client"]) == number]
        assert tiers == {int(row["session"]): row["tier"] or None for row in rows}
        expected = [row for row in found.notices if int(row["client"]) == number]
        assert notices == {int(row["session"]): row["severity"] for row in expected}
