"""Where our resources live in an EHR, and what must never change once something was delivered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import CompoundSelect, bindparam, select, union_all

from service.store.database import Tx
from service.store.tables import alerts, chart_entries, kept_facts, responses
from service.store.upserts import add_unless_there, put_rows


@dataclass(frozen=True, slots=True)
class ChartEntry:
    """One of our resources in an EHR.

    ``logical`` is our reference (``Observation/r-7.total``). ``ehr_id`` is '' where the EHR took it without
    telling its id; ``ehr_version`` is '' where unknown. ``our_version`` is the subject's version it shows.
    """

    logical: str
    ehr_id: str
    ehr_version: str
    our_version: int

    @property
    def reference(self) -> str:
        """The EHR's reference: ``Observation/123``."""
        return f"{self.logical.partition('/')[0]}/{self.ehr_id}"


def put_entries(tx: Tx, clinic: str, ehr: str, entries: Iterable[ChartEntry], now: str) -> None:
    """Keep where resources are; what was known of the same ones is replaced."""
    rows = [
        {
            "clinic": clinic,
            "ehr": ehr,
            "logical": entry.logical,
            "ehr_id": entry.ehr_id,
            "ehr_version": entry.ehr_version,
            "our_version": entry.our_version,
            "updated_at": now,
        }
        for entry in entries
    ]
    put_rows(tx, chart_entries, rows, key=_ENTRY_KEY, changes=_ENTRY_CHANGES)


def forget_versions(tx: Tx, clinic: str, ehr: str, logicals: Iterable[str], now: str) -> None:
    """Forget which versions the EHR has of these: the next update looks first, and goes by what is there."""
    known = read_entries(tx, clinic, ehr, logicals).values()
    put_entries(tx, clinic, ehr, [replace(one, ehr_version="") for one in known], now)


def read_entries(tx: Tx, clinic: str, ehr: str, logicals: Iterable[str]) -> dict[str, ChartEntry]:
    """Return the entries of these references, by reference; what is not there is left out."""
    asked, where = sorted(logicals), {"clinic": clinic, "ehr": ehr}
    if len(asked) > _FEW:
        found = tx.execute(_NAMED_ENTRIES, {**where, "logicals": asked}).all()
    else:
        found = [row for one in asked for row in tx.execute(_NAMED_ENTRY, {**where, "logical": one})]
    return {row.logical: ChartEntry(*row) for row in found}


def entries_of_response(tx: Tx, clinic: str, ehr: str, response_id: str) -> dict[str, ChartEntry]:
    """Return what the EHR holds of a response: itself, its Observations and notes, by our reference."""
    where = {"clinic": clinic, "ehr": ehr, **_bounds(_KINDS_OF_RESPONSE, response_id)}
    return {row.logical: ChartEntry(*row) for row in tx.execute(_OF_RESPONSE, where)}


def entries_of_alert(tx: Tx, clinic: str, ehr: str, alert_id: str) -> dict[str, ChartEntry]:
    """Return what the EHR holds of an alert: record, work, banner and notes, by our reference."""
    where = {"clinic": clinic, "ehr": ehr, **_bounds(_KINDS_OF_ALERT, alert_id)}
    return {row.logical: ChartEntry(*row) for row in tx.execute(_OF_ALERT, where)}


def _bounds(kinds: Sequence[str], subject_id: str) -> dict[str, str]:
    bounds: dict[str, str] = {}
    for kind in kinds:
        own = f"{kind}/{subject_id}"
        # '/' is what follows '.'
        bounds |= {f"own_{kind}": own, f"from_{kind}": f"{own}.", f"until_{kind}": f"{own}/"}
    return bounds


def _of_subject(kinds: Sequence[str]) -> CompoundSelect[Any]:
    """Return what is under a subject's own id, or that with something behind a full stop.

    One select for each: where they stand in one, behind OR, SQLite reads all that the EHR holds of anybody.
    """
    return union_all(
        *(_ENTRIES.where(chart_entries.c.logical == bindparam(f"own_{kind}")) for kind in kinds),
        *(
            _ENTRIES.where(
                chart_entries.c.logical >= bindparam(f"from_{kind}"),
                chart_entries.c.logical < bindparam(f"until_{kind}"),
            )
            for kind in kinds
        ),
    )


_ENTRY_KEY = ("clinic", "ehr", "logical")
_ENTRY_CHANGES = ("ehr_id", "ehr_version", "our_version", "updated_at")
_ENTRIES = select(
    chart_entries.c.logical,
    chart_entries.c.ehr_id,
    chart_entries.c.ehr_version,
    chart_entries.c.our_version,
).where(chart_entries.c.clinic == bindparam("clinic"), chart_entries.c.ehr == bindparam("ehr"))
# An IN of any length is written anew for every call, which takes longer than a second statement.
_FEW = 2
_NAMED_ENTRY = _ENTRIES.where(chart_entries.c.logical == bindparam("logical"))
_NAMED_ENTRIES = _ENTRIES.where(chart_entries.c.logical.in_(bindparam("logicals", expanding=True)))
_NOTES = ("DocumentReference", "Communication")
_KINDS_OF_RESPONSE = ("QuestionnaireResponse", "Observation", *_NOTES)
_KINDS_OF_ALERT = ("DetectedIssue", "Task", "Flag", *_NOTES)
_OF_RESPONSE = _of_subject(_KINDS_OF_RESPONSE)
_OF_ALERT = _of_subject(_KINDS_OF_ALERT)


def session_dates(tx: Tx, clinic: str) -> Mapping[tuple[str, str, int], str]:
    """Return the session date of every response and alert version, by kind, id and version."""
    found = {}
    for kind, table in (("response", responses), ("alert", alerts)):
        rows = tx.execute(
            select(table.c.id, table.c.version, table.c.session_date).where(table.c.clinic == clinic),
        )
        found.update({(kind, row.id, row.version): row.session_date for row in rows})
    return found


def read_fact(tx: Tx, clinic: str, name: str) -> str | None:
    """Return a kept fact, or None where nothing was kept yet."""
    found: str | None = tx.execute(_FACT, {"clinic": clinic, "name": name}).scalar()
    return found


_FACT = select(kept_facts.c.value).where(
    kept_facts.c.clinic == bindparam("clinic"), kept_facts.c.name == bindparam("name")
)


def put_fact(tx: Tx, clinic: str, name: str, value: str) -> None:
    """Keep a fact in place of what was kept under that name."""
    row = {"clinic": clinic, "name": name, "value": value}
    put_rows(tx, kept_facts, [row], key=("clinic", "name"), changes=("value",))


def read_facts(tx: Tx, clinic: str, beginning: str) -> dict[str, str]:
    """Return every kept fact whose name begins so, by name."""
    named = kept_facts.c.name.startswith(beginning, autoescape=True)
    rows = tx.execute(
        select(kept_facts.c.name, kept_facts.c.value).where(kept_facts.c.clinic == clinic, named)
    )
    return {row.name: row.value for row in rows}


def keep_fact(tx: Tx, clinic: str, name: str, value: str) -> str:
    """Keep a fact for ever and return it; one that is kept already stays, and is what is returned."""
    kept = read_fact(tx, clinic, name)
    if kept is None and add_unless_there(tx, kept_facts, {"clinic": clinic, "name": name, "value": value}):
        return value
    return kept or read_fact(tx, clinic, name) or value
