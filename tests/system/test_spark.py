"""The views over our NDJSON, on Spark with Pathling, come to the figures of /v1/alliance-metrics."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from fhir_mappings.codes import Names
from fhir_mappings.view_definitions import SPARK_SCRIPT, view_definitions
from service.__main__ import main
from service.clock import from_instant
from service.flows.refresh_snapshot import refresh_snapshot
from tests.service.reporting.clinic import fill_clinic
from tests.service.reporting.recount import Key, Recount
from tests.system.children import ApiAlone
from tests.system.pathling import run_views
from tests.system.view_rows import recounted_rows

pytestmark = pytest.mark.spark

CLIENTS, RESPONSES = 60, 1000
# What our resources do not say as they are now: when a person first acted, what scores told each time, and
# whether scores are back; nor that a treatment ended.
NOT_IN_THE_VIEWS = {
    *("acknowledged_in_time", "notices_per_100_sessions"),
    *("drop_out_after_unrepaired", "drop_out_without_alert"),
}
GROUPS = [(), ("month",), ("quarter",), ("session_band",), ("instrument",), ("language",)]
LABELS = ("instrument", "perspective", "score", "measure")


@dataclass(frozen=True, slots=True)
class Analysed:
    """The address of a clinic's API, and the folder of the tables that Spark made of its NDJSON."""

    address: str
    tables: Path

    def told(self, group_by: tuple[str, ...]) -> Any:
        asked = {"group_by": ",".join(group_by)} if group_by else {}
        answer = httpx.get(f"{self.address}/v1/alliance-metrics", params=asked, timeout=60)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Analysed]:
    folder = tmp_path_factory.mktemp("analysed")
    deployment = fill_clinic(folder, CLIENTS, attendance=False)
    assert refresh_snapshot(deployment)
    deployment.database.close()
    database = {"ALLIANCE_DATABASE_URL": f"sqlite:///{folder / 'alliance.db'}"}
    assert main(["export", "--out", str(folder / "ndjson")], database) == 0
    assert main(["views", str(folder / "views")], {}) == 0
    run_views(folder / "views" / SPARK_SCRIPT, folder / "ndjson", folder / "tables")
    settings = database | {
        "ALLIANCE_SNAPSHOT_DIR": str(folder / "snapshots"),
        "ALLIANCE_REPORT_MINIMUM_CELL": "3",
    }
    with ApiAlone(folder, settings) as api:
        yield Analysed(api.base_url, folder / "tables")


def derived(analysed: Analysed, as_of: str, group_by: tuple[str, ...]) -> dict[Key, tuple[float, float]]:
    counted = Recount(recounted_rows(analysed.tables), from_instant(as_of), group_by).figures()
    return {key: (one.value, one.n) for key, one in counted.items() if key[0] not in NOT_IN_THE_VIEWS}


def answered(told: Any, group_by: tuple[str, ...]) -> dict[Key, tuple[float, float]]:
    """What is shown with its n, without the means of items, which are never written as Observations."""
    return {
        (
            one["figure"],
            tuple(one["group"][name] for name in group_by),
            tuple(one[name] for name in LABELS if name in one),
        ): (one["value"], one["n"])
        for one in told["items"]
        if one["n"] is not None and not one.get("score", "").endswith("-mean")
    }


def test_every_view_gave_a_table(analysed):
    assert {one.name for one in analysed.tables.iterdir()} == set(view_definitions(Names()))


def test_a_thousand_responses_were_read(analysed):
    assert len(recounted_rows(analysed.tables)["responses"]) >= RESPONSES


@pytest.mark.parametrize("group_by", GROUPS, ids="-".join)
def test_every_figure_that_the_views_can_give_is_the_services(analysed, group_by):
    told = analysed.told(group_by)
    counted = derived(analysed, told["as_of"], group_by)
    shown = {key: one for key, one in answered(told, group_by).items() if key[0] not in NOT_IN_THE_VIEWS}

    assert shown
    assert {key: counted.get(key) for key in shown} == {
        key: pytest.approx(one, abs=1e-4) for key, one in shown.items()
    }


def test_no_figure_was_left_out(analysed):
    told = analysed.told(())

    assert {key[0] for key in answered(told, ())} - {
        key[0] for key in derived(analysed, told["as_of"], ())
    } == (NOT_IN_THE_VIEWS)
