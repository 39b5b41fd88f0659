"""A backup is put back: what was sent since is found in the EHR, not sent again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.errors import SettingsRefused
from service.flows.after_restore import Restored, after_restore
from service.flows.connect_ehr import searches_until
from service.flows.erase_patient import Erasing, erase_patient
from service.store.backup import back_up
from service.store.database import Database
from service.store.delivery_acts import retry
from tests.databases import copy_of, sqlite_only
from tests.service.build import an_access
from tests.service.ehr.fake_ehr import Fault, Surface
from tests.service.flows.delivering import Bench, a_bench
from tests.service.flows.one_patient import ANNA, alerts_of, holdings, rate

# As most real EHRs are: what is sent twice is there twice.
DOUBLING = Surface(conditional=False, update_create=False)
ONE_BY_ONE = Surface(transaction=False, conditional=False, update_create=False)
UNSEARCHABLE = Surface(transaction=False, conditional=False, update_create=False, search_params=())
SERIES = tuple((n, "37.0") for n in range(1, 7))


@pytest.fixture(params=[DOUBLING, ONE_BY_ONE], ids=["transaction", "one-by-one"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with a_bench(tmp_path, surface=request.param) as made:
        yield made
        made.deployment.database.close()


@pytest.fixture
def blind(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path, surface=UNSEARCHABLE) as made:
        yield made
        made.deployment.database.close()


def save(bench: Bench, folder: Path) -> Database:
    """Return a backup; a server's own tools are tried in tests/system/test_restore.py."""
    if bench.deployment.database.is_postgresql:
        return copy_of(bench.deployment.database, folder)
    back_up(bench.deployment.database, folder / "copy.db")
    return Database(f"sqlite:///{folder / 'copy.db'}")


def put_back(bench: Bench, copy: Database, *erased_keys: str) -> Restored:
    """Stop, put the copy in the database's place, start again."""
    bench.deployment.database.close()
    bench.deployment = replace(bench.deployment, database=copy)
    done = after_restore(bench.deployment, erased_keys, an_access("U"), search_days=90)
    bench.restart()
    bench.lane = replace(bench.lane, searches_until=searches_until(bench.lane))
    return done


def in_chart(bench: Bench) -> list[str]:
    """The identifier of everything in the EHR that has one."""
    found = [row.resource.get("identifier") for row in bench.ehr.rows]
    return sorted(str(one) for one in found if one)


def test_what_was_pending_and_is_there_now_is_found(bench, tmp_path):
    rate(bench, ANNA, SERIES)
    copy = save(bench, tmp_path)
    bench.deliver_all()
    there = in_chart(bench)
    done = put_back(bench, copy)
    bench.deliver_all()

    assert done.unfinished == len(SERIES)
    assert set(bench.states()) == {"confirmed"}
    assert in_chart(bench) == there


def test_what_came_after_the_backup_and_is_sent_again_is_found(bench, tmp_path):
    copy = save(bench, tmp_path)
    before = rate(bench, ANNA, (*SERIES, (7, "22.0")))
    bench.deliver_all()
    (alert,) = alerts_of(bench, ANNA)
    there = in_chart(bench)
    put_back(bench, copy)
    again = rate(bench, ANNA, (*SERIES, (7, "22.0")))
    bench.deliver_all()

    assert again == before
    assert [one.id for one in alerts_of(bench, ANNA)] == [alert.id]
    assert set(bench.states()) == {"confirmed"}
    assert in_chart(bench) == there


def test_a_correction_that_is_sent_again_changes_what_is_there(bench, tmp_path):
    (response_id,) = rate(bench, ANNA, ((7, "36.0"),))
    bench.deliver_all()
    copy = save(bench, tmp_path)
    correction = {"total": "30.0", "patient": ANNA, "source": ANNA, "identifier": None}
    bench.correct(response_id, **correction)
    bench.deliver_all()
    there = in_chart(bench)
    put_back(bench, copy)
    bench.correct(response_id, **correction)
    bench.deliver_all()

    assert set(bench.states()) == {"confirmed"}
    assert in_chart(bench) == there


def test_what_was_in_the_air_is_settled_by_search(bench, tmp_path):
    bench.ehr.faults = [Fault(performs=True)]
    bench.ehr.hides_seconds = 30.0
    rate(bench, ANNA, ((7, "36.0"),))
    bench.deliver()
    copy = save(bench, tmp_path)
    bench.deliver_all(120.0)
    there = in_chart(bench)
    put_back(bench, copy)
    bench.deliver_all(120.0)

    assert set(bench.states()) == {"confirmed"}
    assert in_chart(bench) == there


def test_what_never_was_sent_goes_once(bench, tmp_path):
    rate(bench, ANNA, ((7, "36.0"),))
    put_back(bench, save(bench, tmp_path))
    bench.deliver_all()

    assert bench.states() == ["confirmed"]
    assert len(bench.ehr.found("QuestionnaireResponse")) == 1


def test_after_the_time_nothing_is_searched_for(bench, tmp_path):
    put_back(bench, save(bench, tmp_path))
    bench.clock.pass_by(days=91)
    rate(bench, ANNA, ((7, "36.0"),))
    bench.deliver_all()

    assert not [one for one in bench.ehr.reads if "identifier" in str(one.url)]


def test_where_the_ehr_cannot_be_searched_a_person_looks_first(blind, tmp_path):
    rate(blind, ANNA, ((7, "36.0"),))
    put_back(blind, save(blind, tmp_path))
    blind.deliver_all()
    parked = blind.only()

    assert (parked.parked, blind.ehr.writes) == (True, [])
    assert "a backup was restored" in parked.reason
    with blind.deployment.database.write() as tx:
        retry(tx, "default", parked.id, blind.now(), not_there=True)
    blind.deliver()
    assert len(blind.ehr.found("QuestionnaireResponse")) == 1


def test_who_was_erased_after_the_backup_is_erased_again(bench, tmp_path):
    rate(bench, ANNA, ((7, "36.0"),))
    copy = save(bench, tmp_path)
    certificate = erase_patient(bench.deployment, ANNA, Erasing("me", "asked to"), an_access("D"))
    done = put_back(bench, copy, *certificate["keys"])

    assert done.erased_again == 1
    assert holdings(bench, ANNA).keys == ()


@sqlite_only
def test_the_copy_is_the_owners_alone_and_is_never_written_over(bench, tmp_path):
    save(bench, tmp_path)

    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    with pytest.raises(SettingsRefused, match="exists already"):
        save(bench, tmp_path)
