"""What people did about alerts, act by act, with their words; how often the clinic was told anything."""

from dataclasses import dataclass, fields

from sqlalchemy import func, insert, select

from service.store.alert_tables import alert_acts
from service.store.database import Tx
from service.store.responses import IN_ERROR
from service.store.tables import alerts, responses

# What a clinician is told; that something closed asks for nothing.
_NOTICES = ("opened", "raised", "again")
# What a person said is no false alarm of a rule: the budget is for what scores raise.
_REPORTED = "reported"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRow:
    """One act: it made this version of the alert. ``words`` never leave by any door but /v1."""

    clinic: str
    alert_id: str
    alert_version: int
    act: str
    step: str | None
    reason: str | None
    words: str | None
    by_person: str
    caller: str
    at: str


_COLUMNS = tuple(column.name for column in fields(ActRow))


def add_act(tx: Tx, row: ActRow) -> None:
    """Keep one act, in the transaction of the version that it made."""
    tx.execute(insert(alert_acts), {name: getattr(row, name) for name in _COLUMNS})


def acts_of_alert(tx: Tx, clinic: str, alert_id: str) -> list[ActRow]:
    """Return every act on an alert, the first first."""
    found = tx.execute(
        select(*(alert_acts.c[name] for name in _COLUMNS))
        .where(alert_acts.c.clinic == clinic, alert_acts.c.alert_id == alert_id)
        .order_by(alert_acts.c.alert_version)
    )
    return [ActRow(**row) for row in found.mappings()]


def count_notices(tx: Tx, clinic: str, since: str) -> int:
    """Return how often scores made an alert open, rise or come again, from an instant on."""
    query = select(func.count()).where(
        alerts.c.clinic == clinic,
        alerts.c.news != "",
        alerts.c.news.in_(_NOTICES),
        alerts.c.rule != _REPORTED,
        alerts.c.believed_from >= since,
    )
    return tx.execute(query).scalar_one()


def count_rated_sessions(tx: Tx, clinic: str, since: str, instruments: list[str]) -> int:
    """Return how many sessions were rated on one of these instruments, in time, from an instant on.

    Two forms of one dyad with the same date and number are of one session.
    """
    sessions = (
        select(responses.c.dyad_row, responses.c.session_date, responses.c.session_number)
        .where(
            responses.c.clinic == clinic,
            responses.c.authored_at >= since,
            responses.c.believed_until.is_(None),
            responses.c.status != IN_ERROR,
            responses.c.scored,
            responses.c.historical.is_(False),
            responses.c.instrument.in_(instruments),
        )
        .distinct()
        .subquery()
    )
    return tx.execute(select(func.count()).select_from(sessions)).scalar_one()
