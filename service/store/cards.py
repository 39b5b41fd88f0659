"""Cards that were given to an EHR, and what became of them."""

from collections.abc import Collection
from dataclasses import asdict, dataclass

from sqlalchemy import select, update

from service.store.card_tables import cards
from service.store.database import Tx
from service.store.upserts import add_unless_there


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRow:
    """One card for one person; ``alert_id`` is None where it tells of a measure that is due.

    ``outcome`` and ``settled_at`` are None until feedback came.
    """

    clinic: str
    id: str
    alias_row: int
    person: str
    alert_id: str | None
    alert_version: int | None
    shown_at: str
    outcome: str | None = None
    settled_at: str | None = None


_COLUMNS = tuple(column for column in cards.c if column.name != "row_id")


def find_cards_by_id(tx: Tx, clinic: str, ids: Collection[str]) -> dict[str, CardRow]:
    """Return those of these cards that were given, by id."""
    named = select(*_COLUMNS).where(cards.c.clinic == clinic, cards.c.id.in_(ids))
    return {row["id"]: CardRow(**row) for row in tx.execute(named).mappings()}


def add_card(tx: Tx, row: CardRow) -> None:
    """Keep a card; one that was given before stays as it is."""
    add_unless_there(tx, cards, asdict(row))


def settle_card(tx: Tx, row: CardRow, outcome: str, now: str) -> None:
    """Keep what a person did with a card; the first word about it stays."""
    named = cards.c.clinic == row.clinic, cards.c.id == row.id, cards.c.settled_at.is_(None)
    tx.execute(update(cards).where(*named).values(outcome=outcome, settled_at=now))
