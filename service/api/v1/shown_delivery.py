"""A delivery as /v1 shows it. What the EHR answered stands only in the single read, never in a list."""

from service.flows.explain_delivery import what_follows
from service.store.deliveries import AttemptRow, DeliveryDetail, DeliveryRow
from service.store.parts import PartRow

Json = dict[str, object]


def show_delivery(row: DeliveryRow) -> Json:
    """Return one delivery without its parts."""
    return {
        "id": row.id,
        "version": row.version,
        "ehr": row.ehr,
        "subject_kind": row.subject_kind,
        "subject": row.subject_id,
        "subject_version": row.subject_version,
        "state": row.state,
        "parked": row.parked,
        "reason": row.reason or None,
        "rung": row.rung or None,
        "request": row.request_id or None,
        "tries": row.tries,
        "due_at": row.due_at,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def show_detail(detail: DeliveryDetail, now: str) -> Json:
    """Return one delivery with what follows, and its parts in the order of sending with their attempts."""
    parts = [_part(part, detail.attempts.get(part.row, ())) for part in detail.parts]
    return show_delivery(detail.delivery) | {
        "what_follows": what_follows(detail.delivery, now),
        "parts": parts,
    }


def _part(part: PartRow, attempts: tuple[AttemptRow, ...]) -> Json:
    return {
        "sequence": part.sequence,
        "resource": part.logical,
        "method": part.method,
        "state": part.state.value,
        "reason": part.reason or None,
        "resent": part.resent,
        "sent_at": part.sent_at,
        "attempts": [_attempt(attempt) for attempt in attempts],
    }


def _attempt(attempt: AttemptRow) -> Json:
    return {
        "number": attempt.number,
        "kind": attempt.kind,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "outcome": attempt.outcome,
        "status": attempt.status,
        "codes": attempt.codes or None,
        "answer": attempt.answer or None,
    }
