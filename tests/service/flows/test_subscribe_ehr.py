"""One Subscription at the EHR: made once, found again, renewed where our address changed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from service.errors import EhrUnreadable
from service.flows.audit_command import command_access
from service.flows.subscribe_ehr import notice_token, subscribe_ehr
from service.store.tables import audit_rows
from tests.service.ehr.fake_ehr import TYPES, Surface
from tests.service.flows.delivering import Bench, a_bench

ACCESS = command_access("default", "subscribe-ehr", "C")
HERE = {"public_base_url": "https://alliance.north.example"}


def a_subscribable(folder: Path, **surface: Any) -> Any:
    offered = Surface(types=(*TYPES, "Subscription"), **surface)
    return a_bench(folder, settings=HERE, surface=offered)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_subscribable(tmp_path) as made:
        yield made


def subscribe(bench: Bench) -> str:
    return subscribe_ehr(bench.deployment, bench.lane.client, ACCESS)


def test_it_is_made_once_and_found_again(bench: Bench) -> None:
    assert [subscribe(bench), subscribe(bench)] == ["created", "there"]
    (made,) = bench.ehr.found("Subscription")
    token = notice_token(bench.deployment, "default")
    assert made["channel"] == {
        "type": "rest-hook",
        "endpoint": f"https://alliance.north.example/notify/{token}",
    }


def test_a_new_address_renews_the_same_one(bench: Bench) -> None:
    subscribe(bench)
    moved = bench.deployment.settings.model_copy(update={"public_base_url": "https://new.north.example"})
    bench.deployment = replace(bench.deployment, settings=moved)
    assert subscribe(bench) == "renewed"
    (made,) = bench.ehr.found("Subscription")
    assert made["channel"]["endpoint"].startswith("https://new.north.example/notify/")


def test_one_that_the_ehr_gave_up_is_renewed(bench: Bench) -> None:
    subscribe(bench)
    bench.ehr.rows[-1].resource["status"] = "error"
    assert subscribe(bench) == "renewed"


def test_an_ehr_without_subscriptions_says_so(tmp_path: Path) -> None:
    with a_bench(tmp_path, settings=HERE) as bench, pytest.raises(EhrUnreadable, match="no-subscriptions"):
        subscribe(bench)
    assert bench.ehr.writes == []


def test_what_is_written_there_is_in_the_audit(bench: Bench) -> None:
    subscribe(bench)
    bench.ehr.rows[-1].resource["status"] = "error"
    subscribe(bench)
    subscribe(bench)
    with bench.deployment.database.read() as tx:
        kept = select(audit_rows.c.route, audit_rows.c.action)
        assert [tuple(row) for row in tx.execute(kept)] == [("subscribe-ehr", "C"), ("subscribe-ehr", "U")]
