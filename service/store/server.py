"""How a PostgreSQL server is reached: by which driver, at which of several hosts, when it counts as dead.

Source: postgresql.org/docs/15/libpq-connect.html.
"""

import re
from collections.abc import Mapping

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from service.errors import SettingsRefused

# A write that another holds up, or that its own process left open, ends rather than blocks the clinic; and a
# server notices soon that one of us is gone without a word, whose locks it holds.
_OPTIONS = (
    "-c timezone=UTC -c lock_timeout=30s -c idle_in_transaction_session_timeout=60s"
    " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
    " -c tcp_user_timeout=20s"
)
# Without them a network that swallows everything keeps a thread for a quarter of an hour, or for two hours.
# What the operator's URL says goes before.
_PATIENCE: Mapping[str, object] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_UNREADABLE = (
    "ALLIANCE_DATABASE_URL: is no address of a server, postgresql://USER:PASSWORD@HOST:PORT/NAME; what is"
    " special in a password is spelled by its code, @ as %40"
)
_SCHEME, _DEFAULT_PORT = "postgresql+psycopg", "5432"
# ``postgresql://name:password@one:5432,two/database?…``; a comma in name or password is spelled %2C.
_HOSTS = re.compile(r"^(?P<scheme>[^:]+)://(?P<user>[^@/]*@)?(?P<hosts>[^/?]*,[^/?]*)(?P<rest>.*)$")
_HOST = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>\d+))?")


def url_for_driver(url: str) -> str:
    """Return a PostgreSQL URL as SQLAlchemy takes it: it names our driver, and several hosts in the query.

    ``postgresql://me@one,two:5433/x`` -> ``postgresql+psycopg://me@/x?host=one%2Ctwo&port=5432%2C5433``.
    Raises ``SettingsRefused`` where it cannot be read.
    """
    several = _HOSTS.match(url)
    if several is None:
        return _read(url).set(drivername=_SCHEME).render_as_string(hide_password=False)
    places = [_HOST.fullmatch(one) for one in several["hosts"].split(",")]
    hosts = ",".join(place["host"].strip("[]") for place in places if place)
    ports = ",".join(place["port"] or _DEFAULT_PORT for place in places if place)
    alone = _read(f"{_SCHEME}://{several['user'] or ''}{several['rest']}")
    return alone.update_query_dict({"host": hosts, "port": ports}).render_as_string(hide_password=False)


def connect_arguments(url: str) -> dict[str, object]:
    """Return what the driver is told beside such a URL."""
    said = make_url(url).query
    return {"options": _OPTIONS} | {name: value for name, value in _PATIENCE.items() if name not in said}


def _read(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        # Neither repeats nor keeps what it read: a password stands in it.
        raise SettingsRefused([_UNREADABLE]) from None
