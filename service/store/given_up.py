"""What earlier versions of a subject may have left in an EHR: sent, and given up before anybody knew."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select, update

from service.ledger import State
from service.store.database import Tx
from service.store.deliveries import DeliveryRow
from service.store.parts import PartRow, read_parts
from service.store.tables import deliveries, parts

LEFT_UNSEEN = "an earlier version was given up and may be there; the EHR does not tell: look for it"
LEFT_TWICE = "an earlier version was given up, and the EHR holds more than one of it; none is picked"
_NOT_THERE = "given up; somebody looked, and it is not there"


@dataclass(frozen=True, slots=True)
class LeftPart:
    """A part that left and was then given up, and the version of the subject that it belongs to."""

    our_version: int
    part: PartRow

    @property
    def is_said_not_there(self) -> bool:
        """Whether a person looked into the EHR and did not find it."""
        return self.part.reason == _NOT_THERE


def left_by_earlier(
    tx: Tx, clinic: str, ehr: str, subject_kind: str, subject_id: str, *, before: int
) -> tuple[LeftPart, ...]:
    """Return what left of versions before that one and was given up, the oldest first; refused ones too."""
    subject = {"clinic": clinic, "ehr": ehr, "kind": subject_kind, "subject": subject_id, "before": before}
    return tuple(
        LeftPart(row.subject_version, part)
        for row in tx.execute(_GIVEN_UP, subject).all()
        for part in read_parts(tx, clinic, row.id)
        if part.state is State.DISCARDED and part.sent_at is not None
    )


def note_not_there(tx: Tx, clinic: str, delivery: DeliveryRow) -> None:
    """Keep a person's word that nothing of earlier versions that were given up is in the EHR."""
    kind, subject = delivery.subject_kind, delivery.subject_id
    left = left_by_earlier(tx, clinic, delivery.ehr, kind, subject, before=delivery.subject_version)
    tx.execute(
        update(parts).where(parts.c.row_id.in_([one.part.row for one in left])).values(reason=_NOT_THERE),
    )


_GIVEN_UP = (
    select(deliveries.c.id, deliveries.c.subject_version)
    .where(
        deliveries.c.clinic == bindparam("clinic"),
        deliveries.c.ehr == bindparam("ehr"),
        deliveries.c.subject_kind == bindparam("kind"),
        deliveries.c.subject_id == bindparam("subject"),
        deliveries.c.subject_version < bindparam("before"),
        deliveries.c.state == State.DISCARDED,
    )
    .order_by(deliveries.c.subject_version)
)
