"""The worker dies at every moment of a delivery, on either database: what arrives is there once."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.sandbox import seed_database
from tests.demo_clinic import DemoClinic, seed_bundle
from tests.system.chart import Chart
from tests.system.children import ApiAlone, SandboxEhr, WorkerAlone
from tests.system.dying import MOMENTS, DyingWorker
from tests.system.exactly_once import find_differences, try_parked_again, wait_until_delivered
from tests.system.hapi import Hapi
from tests.system.people import clinic_called, latest, seed_ehr
from tests.system.postgres import new_database
from tests.system.sending import send_all

RATINGS = 40
FAILING = {"fail_every": 5, "fail_status": 500, "fail_after": "true"}


@dataclass(frozen=True, slots=True)
class Dying:
    """An EHR that loses answers, and workers that are to die; the API beside them goes on."""

    ehr: SandboxEhr | Hapi
    folder: Path
    people: DemoClinic

    def kill_at_every_moment(self, database: str, workers: int) -> list[str]:
        """Let so many workers die at a time, at every moment; return what is not there once."""
        settings = {
            "ALLIANCE_DATABASE_URL": database,
            "ALLIANCE_EHR_BASE_URL": self.ehr.fhir,
            "ALLIANCE_EHR_SETTLE_SECONDS": "2",
        }
        with ExitStack() as running:
            api = running.enter_context(ApiAlone(self.folder, settings))
            sent = send_all(api.base_url, latest(self.people, RATINGS))
            self.ehr.turn_faults(**FAILING)
            for place in range(0, len(MOMENTS), workers):
                self._die(settings, MOMENTS[place : place + workers])
            self.ehr.turn_faults()
            for number in range(workers):
                running.enter_context(WorkerAlone(self.folder, f"last-{number}", settings))
            wait_until_delivered(api.base_url)
            try_parked_again(api.base_url)
            with Chart(self.ehr.fhir) as chart:
                return find_differences(chart, api.base_url, sent)

    def _die(self, settings: dict[str, str], moments: Sequence[tuple[str, int]]) -> None:
        dying = [
            DyingWorker(self.folder, f"dying-{number}", settings, moment)
            for number, moment in enumerate(moments)
        ]
        try:
            for one in dying:
                one.spawn()
            for one in dying:
                one.wait_until_dead()
        finally:
            for one in dying:
                one.kill()


@pytest.fixture(params=["everything", "no-transaction"])
def dying(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Dying]:
    people = clinic_called("dying", clients=12, seed=61)
    ehr = SandboxEhr(tmp_path, surface=request.param)
    seed_database(str(ehr.database), seed_bundle(people))
    with ehr:
        yield Dying(ehr, tmp_path, people)


@pytest.mark.parametrize("dying", ["no-transaction"], indirect=True)
def test_dying_at_every_moment_loses_and_doubles_nothing_on_sqlite(dying, tmp_path):
    assert dying.kill_at_every_moment(f"sqlite:///{tmp_path}/alliance.db", workers=1) == []


@pytest.mark.soak
@pytest.mark.hapi
def test_dying_at_every_moment_loses_and_doubles_nothing_in_hapi(hapi, tmp_path, name_of):
    people = clinic_called(name_of("dying"), clients=12, seed=61)
    seed_ehr(hapi.fhir, people)

    assert Dying(hapi, tmp_path, people).kill_at_every_moment(f"sqlite:///{tmp_path}/alliance.db", 1) == []


@pytest.mark.postgres
@pytest.mark.parametrize("dying", ["everything"], indirect=True)
def test_two_workers_that_die_together_lose_and_double_nothing(dying, postgres):
    assert dying.kill_at_every_moment(new_database(postgres, "dying_together"), workers=2) == []


@pytest.mark.soak
@pytest.mark.postgres
@pytest.mark.parametrize("dying", ["no-transaction"], indirect=True)
def test_two_workers_die_together_without_transactions(dying, postgres):
    assert dying.kill_at_every_moment(new_database(postgres, "dying_plain"), workers=2) == []
