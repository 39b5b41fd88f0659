"""What is said of a dyad: site, team and approach, each as the latest session said it that says it at all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, Update, bindparam, func, select, update

from service.store.database import Tx
from service.store.listed import as_list, is_listed
from service.store.responses import IN_ERROR
from service.store.tables import dyads, responses

WORDS = ("site", "team", "approach")
_STORED = (dyads.c.row_id, *(column for name in WORDS for column in (dyads.c[name], dyads.c[f"{name}_on"])))


@dataclass(frozen=True, slots=True)
class SaidOfDyad:
    """What a stored response says of its dyad; ``words`` by ``site``, ``team`` and ``approach``."""

    dyad_row: int
    session_date: str
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Told:
    """A word and the session date that it was said with."""

    word: str
    on: str


def tell_words(tx: Tx, clinic: str, said: Iterable[SaidOfDyad], now: str) -> None:
    """Keep what was said of dyads, which are locked, where no later session says otherwise.

    Of the same date the last one said counts. A word whose own session is gone, withdrawn or corrected to an
    earlier date, gives way to that of the dyad's last session. Costs two queries and one more where some of
    it comes late, however much is said.
    """
    latest = _latest(said)
    if not latest:
        return
    found = tx.execute(_stored_by(tx.dialect.name), {"listed": as_list(latest)})
    stored = {row[0]: row for row in found.all()}
    late = [row for row, words in latest.items() if any(_is_late(stored[row], *one) for one in words.items())]
    last = _last_sessions(tx, clinic, late) if late else {}
    changes: dict[int, dict[str, _Told]] = {}
    for row, words in latest.items():
        before, end = stored[row], last.get(row)
        news = {name: told for name, told in words.items() if _is_news(before, end, name, told)}
        if news:
            changes[row] = news
    for names in {tuple(news) for news in changes.values()}:
        alike = {row: news for row, news in changes.items() if tuple(news) == names}
        rows = [{"dyad": row, "now": now} | _values(news) for row, news in alike.items()]
        tx.execute(_telling(names), rows)


@cache
def _stored_by(dialect: str) -> Select[Any]:
    return select(*_STORED).where(is_listed(dialect, dyads.c.row_id))


def _latest(said: Iterable[SaidOfDyad]) -> dict[int, dict[str, _Told]]:
    found: dict[int, dict[str, _Told]] = {}
    for one in said:
        if not one.words:
            continue
        words = found.setdefault(one.dyad_row, {})
        for name in WORDS:
            if name in one.words and (name not in words or one.session_date >= words[name].on):
                words[name] = _Told(one.words[name], one.session_date)
    return found


def _is_late(stored: Row[Any], name: str, told: _Told) -> bool:
    """Tell whether a word stands already that was said of a later session, or nobody knows of which."""
    word, on = getattr(stored, name), getattr(stored, f"{name}_on")
    return word is not None and (on is None or told.on < on)


def _is_news(stored: Row[Any], last: str | None, name: str, told: _Told) -> bool:
    if _is_late(stored, name, told) and last is not None and told.on < last:
        return False
    return (told.word, told.on) != (getattr(stored, name), getattr(stored, f"{name}_on"))


def _last_sessions(tx: Tx, clinic: str, dyad_rows: Sequence[int]) -> dict[int, str]:
    """Return the date of each dyad's last rated session."""
    found = (
        select(responses.c.dyad_row, func.max(responses.c.session_date))
        .where(
            responses.c.clinic == clinic,
            responses.c.dyad_row.in_(dyad_rows),
            responses.c.believed_until.is_(None),
            responses.c.status != IN_ERROR,
        )
        .group_by(responses.c.dyad_row)
    )
    return {row[0]: row[1] for row in tx.execute(found)}


def _values(news: Mapping[str, _Told]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, told in news.items():
        found |= {f"new_{name}": told.word, f"new_{name}_on": told.on}
    return found


@cache
def _telling(names: tuple[str, ...]) -> Update:
    columns = [column for name in names for column in (name, f"{name}_on")]
    changes: dict[str, object] = {name: bindparam(f"new_{name}") for name in columns}
    changes["said_at"] = bindparam("now")
    return update(dyads).where(dyads.c.row_id == bindparam("dyad")).values(changes)
