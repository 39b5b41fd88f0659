"""Places in lists: sealed for one clinic and one list, the same in every replica."""

import pytest

from service.flows.list_places import ListPlaces
from service.store.database import Database

ALERTS = ["/v1/rupture-alerts"]


def places(database: Database, clinic: str = "north") -> ListPlaces:
    return ListPlaces(database.of(clinic), clinic)


def test_a_place_is_read_by_every_replica(database):
    sealed = places(database).seal(["alerts", 12], ALERTS)

    assert places(database).open(sealed, ALERTS) == ["alerts", 12]


def test_a_place_shows_nothing_of_the_row_and_is_the_same_each_time(database):
    here = places(database)
    first, next_one = here.seal([123456], ALERTS), here.seal([123457], ALERTS)

    assert here.seal([123456], ALERTS) == first
    assert sum(a == b for a, b in zip(first, next_one, strict=True)) < len(first) / 2


def test_a_place_is_of_no_use_elsewhere(database):
    sealed = places(database).seal([12], ALERTS)

    assert places(database).open(sealed, ["/v1/deliveries"]) is None
    assert places(database, "south").open(sealed, ALERTS) is None


@pytest.mark.parametrize("change", [lambda s: s[:-2], lambda s: "A" + s[1:], lambda _: "", lambda _: "é!"])
def test_a_place_that_was_changed_is_none(database, change):
    sealed = places(database).seal([12], ALERTS)

    assert places(database).open(change(sealed), ALERTS) is None
