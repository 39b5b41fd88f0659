"""Rupture alerts, in versions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import RowMapping, bindparam, insert, select, update

from service.store.columns import believed_by
from service.store.conditions import clause
from service.store.database import Tx
from service.store.disclosures import unshared_aliases
from service.store.sight import WHOLE_SIGHT, Sight
from service.store.tables import alerts
from service.store.views import VIEWS

# In these an alert, as a response entered in error, says nothing but that it should not have been.
RETRACTED = frozenset({"withdrawn", "entered-in-error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One version of one alert. ``evidence`` is JSON text; ``live``: it still asks for attention.

    ``supported``: by the ratings as they are now. ``notice`` is what was told last and at which rating
    (``raised:<response>``), ``news`` what this very version tells: opened, raised, again, closed or ''.
    ``settled_after`` is the place in the therapy after which a person's last word counts. ``mitigations`` is
    JSON text, without anything in own words.
    """

    clinic: str
    id: str
    version: int
    dyad_row: int
    alias_row: int
    patient: str
    therapist: str
    status: str
    score_course: str
    severity: str
    live: bool
    historical: bool
    opened_by: str
    series: str
    rule: str
    method: str
    norms: str
    session_number: int | None
    session_date: str
    type: str
    type_source: str
    text: str
    evidence: str
    follows: str | None
    touched_by: str | None
    touched_at: str | None
    raised_at: str
    updated_at: str
    believed_from: str
    supported: bool = True
    owner: str | None = None
    mitigations: str = "[]"
    dismissal: str | None = None
    amended: bool = False
    settled_after: str | None = None
    notice: str = ""
    news: str = ""
    ended_at: str | None = None
    believed_until: str | None = None
    row_id: int | None = None


_COLUMNS = tuple(column.name for column in fields(AlertRow))
_TAKEN_BACK = ("withdrawn", "entered-in-error")


_INSERT = insert(alerts)
_OF_DYAD = (
    select(alerts)
    .where(
        alerts.c.clinic == bindparam("clinic"),
        alerts.c.dyad_row == bindparam("dyad_row"),
        alerts.c.believed_until.is_(None),
    )
    .order_by(alerts.c.row_id)
)


def insert_alert(tx: Tx, row: AlertRow) -> None:
    """Store one version of an alert; the one before must be ended first."""
    tx.execute(_INSERT, {name: getattr(row, name) for name in _COLUMNS if name != "row_id"})


def end_alert(tx: Tx, row: AlertRow, at: str) -> None:
    """End the belief in one version."""
    tx.execute(update(alerts).where(alerts.c.row_id == row.row_id).values(believed_until=at))


def move_alerts(tx: Tx, rows: Sequence[AlertRow], dyad_row: int) -> None:
    """Let current alerts belong to another dyad, with nothing else of them changed."""
    moved = [row.row_id for row in rows]
    if moved:
        tx.execute(update(alerts).where(alerts.c.row_id.in_(moved)).values(dyad_row=dyad_row))


def alerts_of_dyad(tx: Tx, clinic: str, dyad_row: int) -> list[AlertRow]:
    """Return the current version of every alert of a dyad, oldest first."""
    rows = tx.execute(_OF_DYAD, {"clinic": clinic, "dyad_row": dyad_row})
    return [_row(found._mapping) for found in rows]  # noqa: SLF001 - SQLAlchemy's public name


def alerts_of_dyads(tx: Tx, clinic: str, dyad_rows: Collection[int]) -> dict[int, list[AlertRow]]:
    """Return the alerts of several dyads as ``alerts_of_dyad`` does, by the dyad's row; none has no entry."""
    wanted = select(alerts).where(
        alerts.c.clinic == clinic, alerts.c.dyad_row.in_(dyad_rows), alerts.c.believed_until.is_(None)
    )
    found: dict[int, list[AlertRow]] = {}
    for row in tx.execute(wanted.order_by(alerts.c.row_id)):
        found.setdefault(row.dyad_row, []).append(_row(row._mapping))  # noqa: SLF001 - the same
    return found


def alerts_of_patient(
    tx: Tx, clinic: str, alias_rows: Sequence[int], *, as_of: str | None = None
) -> list[AlertRow]:
    """Return every alert opened under these aliases, in the order of their sessions; none taken back.

    ``as_of``: as they stood at that instant.
    """
    current = alerts.c.believed_until.is_(None)
    believed = current if as_of is None else current | (alerts.c.believed_until > as_of)
    wanted = select(alerts).where(
        alerts.c.clinic == clinic,
        alerts.c.alias_row.in_(alias_rows),
        alerts.c.status.not_in(_TAKEN_BACK),
        believed,
    )
    if as_of is not None:
        wanted = wanted.where(believed_by(alerts) <= as_of)
    rows = tx.execute(wanted.order_by(alerts.c.session_date, alerts.c.row_id))
    return [_row(found._mapping) for found in rows]  # noqa: SLF001 - SQLAlchemy's public name


def find_alert(tx: Tx, clinic: str, alert_id: str, version: int | None = None) -> AlertRow | None:
    """Return the current version of an alert, or the one asked for, or None."""
    which = alerts.c.believed_until.is_(None) if version is None else alerts.c.version == version
    found = tx.execute(
        select(alerts).where(alerts.c.clinic == clinic, alerts.c.id == alert_id, which)
    ).first()
    return _row(found._mapping) if found else None  # noqa: SLF001 - SQLAlchemy's public name


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """What a list of alerts is narrowed to; an absent field narrows nothing.

    One that names neither patient nor therapist leaves out patients who are not to be shared. ``since`` means
    updated since. ``after`` is the place in the list: (updated_at, row_id).
    """

    alias_rows: Sequence[int] | None = None
    therapist: str | None = None
    status: str | None = None
    since: str | None = None
    include_historical: bool = False
    after: tuple[str, int] | None = None
    limit: int = 50
    sight: Sight = WHOLE_SIGHT


def list_alerts(tx: Tx, clinic: str, query: AlertQuery) -> list[AlertRow]:
    """Return current alerts, the latest change first, at most ``limit``."""
    wanted = select(alerts).where(alerts.c.clinic == clinic, alerts.c.believed_until.is_(None))
    if query.alias_rows is not None:
        wanted = wanted.where(alerts.c.alias_row.in_(query.alias_rows))
    if query.therapist is not None:
        wanted = wanted.where(alerts.c.therapist == query.therapist)
    if query.alias_rows is None and query.therapist is None:
        wanted = wanted.where(alerts.c.alias_row.not_in(unshared_aliases(clinic)))
    if query.status is not None:
        wanted = wanted.where(alerts.c.status == query.status)
    if query.since is not None:
        wanted = wanted.where(alerts.c.updated_at >= query.since)
    wanted = wanted.where(
        *(clause(tx, clinic, VIEWS["alert"].columns, one) for one in query.sight.conditions_on("alert"))
    )
    if not query.include_historical:
        wanted = wanted.where(alerts.c.historical.is_(False))
    if query.after is not None:
        at, row_id = query.after
        wanted = wanted.where(
            (alerts.c.updated_at < at) | ((alerts.c.updated_at == at) & (alerts.c.row_id < row_id)),
        )
    wanted = wanted.order_by(alerts.c.updated_at.desc(), alerts.c.row_id.desc()).limit(query.limit)
    return [_row(found._mapping) for found in tx.execute(wanted)]  # noqa: SLF001 - SQLAlchemy's public name


def _row(mapping: RowMapping) -> AlertRow:
    return AlertRow(**mapping)
