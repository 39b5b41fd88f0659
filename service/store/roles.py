"""Whose each PractitionerRole is, and which of them the EHR is to be asked about."""

from collections.abc import Collection

from sqlalchemy import and_, exists, or_, select

from service.store.database import Tx
from service.store.role_tables import practitioner_roles
from service.store.tables import dyads
from service.store.upserts import add_unless_there, put_rows

ROLE = "PractitionerRole/"


def references_of(tx: Tx, clinic: str, person: str) -> tuple[str, ...]:
    """Return every reference that means the same person as this one, which comes first.

    A role that the EHR was not asked about yet, or knows nothing of, means nobody but itself.
    """
    known = practitioner_roles.c
    of_role = select(known.practitioner).where(
        known.clinic == clinic, known.role == person, known.practitioner != ""
    )
    practitioner = tx.execute(of_role).scalar() or person
    roles = select(known.role).where(known.clinic == clinic, known.practitioner == practitioner)
    found = tx.execute(roles.order_by(known.role)).scalars()
    return tuple(dict.fromkeys((person, practitioner, *found)))


def is_known_role(tx: Tx, clinic: str, role: str) -> bool:
    """Tell whether a role was learnt, or is to be."""
    known = practitioner_roles.c
    return (
        tx.execute(select(known.row_id).where(known.clinic == clinic, known.role == role)).first() is not None
    )


def roles_never_asked(tx: Tx, clinic: str, references: Collection[str]) -> list[str]:
    """Return the roles among these references that the EHR was not asked about yet, in their order."""
    known = practitioner_roles.c
    asked = select(known.role).where(known.clinic == clinic, known.asked_at.is_not(None))
    told = set(tx.execute(asked.where(known.role.in_(references))).scalars())
    return [one for one in references if one.startswith(ROLE) and one not in told]


def want_role(tx: Tx, clinic: str, role: str) -> None:
    """Let the EHR be asked whose a role is."""
    add_unless_there(tx, practitioner_roles, {"clinic": clinic, "role": role, "practitioner": ""})


def roles_to_ask(tx: Tx, clinic: str, asked_before: str, limit: int) -> list[tuple[str, str]]:
    """Return roles, each with whose it is as far as that is known, that the EHR is to be asked about (again).

    Those are the ones that callers or dyads name; absolute references are other systems', not asked.
    """
    known = practitioner_roles.c
    is_due = or_(known.asked_at.is_(None), known.asked_at < asked_before)
    wanted = select(known.role, known.practitioner).where(
        known.clinic == clinic, known.role.startswith(ROLE), is_due
    )
    found = [(row.role, row.practitioner) for row in tx.execute(wanted.order_by(known.row_id).limit(limit))]
    is_kept = exists().where(and_(known.clinic == dyads.c.clinic, known.role == dyads.c.therapist))
    unknown = (
        select(dyads.c.therapist)
        .where(dyads.c.clinic == clinic, dyads.c.therapist.startswith(ROLE), ~is_kept)
        .distinct()
    )
    return found + [(one, "") for one in tx.execute(unknown.limit(limit - len(found))).scalars()]


def put_role(tx: Tx, clinic: str, role: str, practitioner: str, now: str) -> None:
    """Keep whose a role is, '' where the EHR does not say."""
    row = {"clinic": clinic, "role": role, "practitioner": practitioner, "asked_at": now}
    put_rows(tx, practitioner_roles, [row], key=("clinic", "role"), changes=("practitioner", "asked_at"))
