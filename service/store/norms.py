"""A clinic's own norms: versions in, and which was in force from when; the same of the alert rule."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import CompoundSelect, bindparam, insert, literal, select, union_all

from service.store.database import Tx
from service.store.norm_tables import alert_rules, norm_approvals, norms
from service.store.tables import responses


@dataclass(frozen=True, slots=True)
class NormRow:
    """One stored norm; ``text`` is its file."""

    row: int
    norm_id: str
    version: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNorm:
    """A norm's version to be stored; ``text`` is its file."""

    clinic: str
    norm_id: str
    version: str
    text: str
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who puts a stored norm into force, from when on; ``shown`` is JSON text of what they were shown."""

    clinic: str
    norm_row: int
    approved_by: str
    note: str
    shown: str
    in_force_from: str


@dataclass(frozen=True, slots=True)
class InForce:
    """A norm (its file's text) or a rule (its name) and the instant from which on it counts."""

    kind: str
    thing: str
    since: str


# A recording asks this each time: one query over a handful of rows.
_IN_FORCE: CompoundSelect[Any] = union_all(
    select(literal("norm").label("kind"), norms.c.text.label("thing"), norm_approvals.c.in_force_from)
    .join(norms, norms.c.row_id == norm_approvals.c.norm_row)
    .where(norm_approvals.c.clinic == bindparam("clinic")),
    select(literal("rule"), alert_rules.c.rule, alert_rules.c.in_force_from).where(
        alert_rules.c.clinic == bindparam("clinic")
    ),
).order_by("in_force_from")


def in_force(tx: Tx, clinic: str) -> list[InForce]:
    """Return every norm and rule that is or was in force, in the order they began."""
    return [InForce(*row) for row in tx.execute(_IN_FORCE, {"clinic": clinic})]


def insert_norm(tx: Tx, norm: NewNorm) -> None:
    """Store a norm's version, which must be new."""
    tx.execute(insert(norms), asdict(norm))


def find_norm(tx: Tx, clinic: str, norm_id: str, version: str) -> NormRow | None:
    """Return a stored norm, or None."""
    found = tx.execute(_STORED.where(norms.c.clinic == clinic, _NAMED), {"id": norm_id, "v": version}).first()
    return NormRow(*found) if found else None


def stored_norms(tx: Tx, clinic: str) -> list[NormRow]:
    """Return every stored norm, the oldest first."""
    return [NormRow(*row) for row in tx.execute(_STORED.where(norms.c.clinic == clinic))]


_STORED = select(norms.c.row_id, norms.c.norm_id, norms.c.version, norms.c.text).order_by(norms.c.row_id)
_NAMED = (norms.c.norm_id == bindparam("id")) & (norms.c.version == bindparam("v"))


def insert_approval(tx: Tx, approval: Approval) -> None:
    """Put a stored norm into force."""
    tx.execute(insert(norm_approvals), asdict(approval))


def keep_rule(tx: Tx, clinic: str, rule: str, now: str, *, default: str) -> None:
    """Keep from when on a rule raises the alerts; nothing is written where it does so already.

    In a database with responses that never kept one, ``default`` raised them until now.
    """
    kept = [one for one in in_force(tx, clinic) if one.kind == "rule"]
    if not kept:
        used = tx.execute(select(responses.c.row_id).where(responses.c.clinic == clinic).limit(1)).first()
        kept = [InForce("rule", default if used else rule, "")]
        _insert_rule(tx, clinic, kept[0].thing, "")
    if kept[-1].thing != rule:
        _insert_rule(tx, clinic, rule, now)


def _insert_rule(tx: Tx, clinic: str, rule: str, since: str) -> None:
    tx.execute(insert(alert_rules), {"clinic": clinic, "rule": rule, "in_force_from": since})
