"""How a server is reached, by its URL alone; tests/system reaches real ones."""

import pytest

from service.errors import SettingsRefused
from service.store.database import Database
from service.store.server import connect_arguments, url_for_driver


@pytest.mark.parametrize(
    ("url", "for_driver"),
    [
        ("postgresql://me:p%40s@db/x", "postgresql+psycopg://me:p%40s@db/x"),
        ("postgresql+psycopg://me@db:5433/x", "postgresql+psycopg://me@db:5433/x"),
        ("postgresql:///x?host=/run/pg", "postgresql+psycopg:///x?host=%2Frun%2Fpg"),
        ("postgresql://me@a,b:6/x", "postgresql+psycopg://me@/x?host=a%2Cb&port=5432%2C6"),
        ("postgresql://[::1]:7,b/x", "postgresql+psycopg:///x?host=%3A%3A1%2Cb&port=7%2C5432"),
    ],
)
def test_a_url_names_our_driver_and_several_hosts_stand_in_the_query(url, for_driver):
    assert url_for_driver(url) == for_driver


def test_which_of_several_hosts_is_taken_is_said_to_the_driver():
    database = Database("postgresql://me@a,b/x?target_session_attrs=read-write")
    _, told = database.engine.dialect.create_connect_args(database.engine.url)

    assert {told[name] for name in ("host", "port", "target_session_attrs")} == {
        "a,b",
        "5432,5432",
        "read-write",
    }


def test_what_the_url_says_of_patience_goes_before_ours():
    ours = connect_arguments("postgresql+psycopg://db/x")
    theirs = connect_arguments("postgresql+psycopg://db/x?connect_timeout=60")

    assert ours.keys() - theirs.keys() == {"connect_timeout"}


@pytest.mark.parametrize("url", ["postgresql://me:canary@db:54x/x", "postgresql://me:canary@[a:5x/x"])
def test_a_url_that_cannot_be_read_is_refused_and_not_repeated(url):
    with pytest.raises(SettingsRefused) as refused:
        Database(url)

    assert refused.value.faults[0].startswith("ALLIANCE_DATABASE_URL: is no address")
    assert "canary" not in str(refused.value.faults)
