"""Queueing, claiming and leases."""

from typing import Any

import pytest

from service.errors import LeaseLost
from service.ledger import State
from service.store.database import Database
from service.store.deliveries import list_deliveries
from service.store.outbox import (
    Claim,
    claim_due,
    close_claim,
    free_leases,
    is_anything_due,
    queue_delivery,
    renew_leases,
    set_delivery,
)

NOW = "2026-03-02T12:00:00.000000Z"
SOON = "2026-03-02T12:00:10.000000Z"
LEASE_END = "2026-03-02T12:00:15.000000Z"
LATER = "2026-03-02T12:00:20.000000Z"


@pytest.fixture
def outbox(database: Database) -> Database:
    return database


def queue(outbox: Database, subject: str = "r-1", version: int = 1, **changes: Any) -> str:
    facts: dict[str, Any] = {
        "clinic": "default",
        "ehr": "ehr",
        "subject_kind": "response",
        "subject_id": subject,
        "subject_version": version,
        "patient_key": "anna",
        "now": NOW,
        "state": "pending",
    }
    with outbox.write() as tx:
        return queue_delivery(tx, **(facts | changes))


def claim(
    outbox: Database, owner: str = "one", now: str = NOW, lease: str = LEASE_END, limit: int = 10
) -> list[Claim]:
    with outbox.write() as tx:
        return claim_due(tx, "default", "ehr", owner, now=now, lease_until=lease, limit=limit)


def close(outbox: Database, claimed: Claim, state: State, reason: str = "") -> None:
    with outbox.write() as tx:
        close_claim(tx, claimed, NOW, state=state, reason=reason)


def subjects(claims: list[Claim]) -> list[str]:
    return [one.subject_id for one in claims]


def test_queued_twice_it_is_one_delivery(outbox: Database) -> None:
    assert queue(outbox) == queue(outbox)
    with outbox.read() as tx:
        assert len(list_deliveries(tx, "default")) == 1


def test_what_is_claimed_is_not_claimed_again_while_its_lease_lasts(outbox: Database) -> None:
    queue(outbox)
    assert len(claim(outbox)) == 1
    assert claim(outbox, "two", SOON) == []
    assert len(claim(outbox, "two", LATER)) == 1


def test_a_renewed_lease_lasts_longer(outbox: Database) -> None:
    queue(outbox)
    claim(outbox)
    with outbox.write() as tx:
        renew_leases(tx, "default", ["one"], "2026-03-02T12:00:30.000000Z")
    assert claim(outbox, "two", LATER) == []


def test_a_lease_whose_owner_is_gone_can_be_taken_over_at_once(outbox: Database) -> None:
    queue(outbox, "r-1")
    queue(outbox, "r-2", patient_key="ben")
    claim(outbox, "gone", limit=1)
    claim(outbox, "running", limit=1)
    with outbox.write() as tx:
        free_leases(tx, "default", NOW, lambda owner: owner == "gone")
    assert subjects(claim(outbox, "two")) == ["r-1"]


def test_a_worker_whose_lease_was_taken_over_changes_nothing(outbox: Database) -> None:
    queue(outbox)
    (first,) = claim(outbox)
    (second,) = claim(outbox, "two", LATER, "2026-03-02T12:01:00.000000Z")
    with outbox.write() as tx, pytest.raises(LeaseLost) as lost:
        set_delivery(tx, first, LATER, State.SENT)
    assert str(lost.value) == "lease-lost"
    close(outbox, second, State.CONFIRMED)


def test_the_same_owner_cannot_act_on_an_older_claim(outbox: Database) -> None:
    queue(outbox)
    (first,) = claim(outbox)
    claim(outbox, "one", LATER, "2026-03-02T12:01:00.000000Z")
    with outbox.write() as tx, pytest.raises(LeaseLost) as lost:
        set_delivery(tx, first, LATER, State.SENT)
    assert str(lost.value) == "lease-lost"


def test_of_a_patient_one_at_a_time_and_in_order(outbox: Database) -> None:
    queue(outbox, "r-1")
    queue(outbox, "r-2")
    queue(outbox, "r-3", patient_key="ben")
    claims = claim(outbox)
    assert subjects(claims) == ["r-1", "r-3"]
    close(outbox, claims[0], State.CONFIRMED)
    assert subjects(claim(outbox)) == ["r-2"]


def test_definitions_go_first_and_alone(outbox: Database) -> None:
    queue(outbox, "r-1")
    queue(outbox, "Device/alliance-service", subject_kind="definition", patient_key="")
    claims = claim(outbox)
    assert subjects(claims) == ["Device/alliance-service"]
    close(outbox, claims[0], State.HELD, "not taken")
    assert subjects(claim(outbox)) == ["r-1"]


def test_a_version_waits_for_the_one_before_even_if_parked(outbox: Database) -> None:
    queue(outbox, "r-1")
    queue(outbox, "r-1", 2)
    queue(outbox, "r-2")
    (first,) = claim(outbox)
    close(outbox, first, State.REJECTED, "refused")
    assert subjects(claim(outbox)) == ["r-2"]


def test_what_is_unknown_holds_back_its_patient_until_a_person_must_look(outbox: Database) -> None:
    queue(outbox, "r-1")
    queue(outbox, "r-2")
    (first,) = claim(outbox)
    close(outbox, first, State.UNKNOWN)
    (again,) = claim(outbox)
    assert again.subject_id == "r-1"
    close(outbox, again, State.UNKNOWN, "several")
    assert subjects(claim(outbox)) == ["r-2"]


def test_other_clinics_and_ehrs_are_not_touched(outbox: Database) -> None:
    queue(outbox, clinic="other")
    queue(outbox, ehr="second")
    assert claim(outbox) == []


def test_waiting_is_not_due(outbox: Database) -> None:
    queue(outbox, state="waiting")
    with outbox.read() as tx:
        assert not is_anything_due(tx, "default", "ehr", LATER)
    assert claim(outbox) == []


def test_what_is_due_can_be_asked_without_claiming(outbox: Database) -> None:
    queue(outbox)
    with outbox.read() as tx:
        assert is_anything_due(tx, "default", "ehr", NOW)
    claim(outbox)
    with outbox.read() as tx:
        assert not is_anything_due(tx, "default", "ehr", SOON)
        assert is_anything_due(tx, "default", "ehr", LATER)
