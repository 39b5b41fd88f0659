"""What is said of a dyad: site, team and approach, each as the latest session said it that says it at all."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, Update, bindparam, func, select, update

from service.store.database import Tx
from service.store.listed import as_list, is_listed
from service.store.responses import IN_ERROR
from service.store.tables import dyads, responses

WORDS = ("site", "team", "approach")
_STORED = (dyads.c.row_id, *(column for name in WORDS for column in (dyads.c[name], dyads.c[f"{name}_on"])))


# Tuples, not dataclasses: an import makes several of each row, and a tuple costs a fifth.
class SaidOfDyad(NamedTuple):
    """What a stored response says of its dyad; ``words`` by ``site``, ``team`` and ``approach``."""

    dyad_row: int
    session_date: str
    words: Mapping[str, str]


class _Told(NamedTuple):
    """A word and the session date that it was said with; of what is stored the date may be unknown."""

    word: str
    on: str | None


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
    stored = {row: _as_told(rest) for row, *rest in found.all()}
    late = [row for row, words in latest.items() if _is_any_late(stored[row], words)]
    last = _last_sessions(tx, clinic, late) if late else {}
    changes: dict[int, dict[str, _Told]] = {}
    for row, words in latest.items():
        before, end = stored[row], last.get(row)
        news = {name: told for name, told in words.items() if _is_news(before.get(name), end, told)}
        if news:
            changes[row] = news
    for names in {tuple(news) for news in changes.values()}:
        alike = {row: news for row, news in changes.items() if tuple(news) == names}
        rows = [{"dyad": row, "now": now} | _values(news) for row, news in alike.items()]
        tx.execute(_telling(names), rows)


@cache
def _stored_by(dialect: str) -> Select[Any]:
    return select(*_STORED).where(is_listed(dialect, dyads.c.row_id))


def _as_told(stored: Sequence[str | None]) -> dict[str, _Told]:
    """Return the words that stand, from the columns of each and of its date."""
    pairs = zip(WORDS, stored[::2], stored[1::2], strict=True)
    return {name: _Told(word, on) for name, word, on in pairs if word is not None}


def _latest(said: Iterable[SaidOfDyad]) -> dict[int, dict[str, _Told]]:
    found: dict[int, dict[str, _Told]] = {}
    for dyad_row, session_date, said_words in said:
        if not said_words:
            continue
        words = found.setdefault(dyad_row, {})
        for name, word in said_words.items():
            before = words.get(name)
            if before is None or session_date >= (before.on or ""):
                words[name] = _Told(word, session_date)
    return found


def _is_any_late(stored: Mapping[str, _Told], words: Mapping[str, _Told]) -> bool:
    return any(_is_late(stored.get(name), told) for name, told in words.items())


def _is_late(stored: _Told | None, told: _Told) -> bool:
    """Tell whether a word stands already that was said of a later session, or nobody knows of which."""
    return stored is not None and (stored.on is None or (told.on or "") < stored.on)


def _is_news(stored: _Told | None, last: str | None, told: _Told) -> bool:
    if last is not None and (told.on or "") < last and _is_late(stored, told):
        return False
    return told != stored


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
