"""A delivery in plain words: what it is, what was tried, what happens next and when."""

from collections.abc import Iterator

from service.ledger import State, is_parked
from service.store.deliveries import AttemptRow, DeliveryDetail, DeliveryRow
from service.store.delivery_acts import HELD_AS_OLD
from service.store.given_up import LEFT_UNSEEN

_FOLLOWS = {
    State.WAITING: "It waits for an EHR to be configured (ALLIANCE_EHR_BASE_URL), and then goes by itself.",
    State.SENT: "It is on its way. If no answer comes it is searched for in the EHR before anything else.",
    State.CONFIRMED: "It is in the EHR; nothing more happens.",
    State.DISCARDED: "It was given up; nothing more happens.",
    State.REJECTED: "Nothing happens by itself. Mend the cause, then retry it; or discard it with a reason.",
    State.HELD: "Nothing happens by itself. Retry it once the EHR takes it, confirm it, or discard it.",
}
_WITHHELD = (
    "It goes by itself once what the patient allows to be written into the EHR lets it; or discard it."
)
_AS_OLD = "Nothing happens by itself. Release all that is old (deliveries release), retry it, or discard it."
_MAY_BE_THERE = (
    "Nothing happens by itself, since it may be in the EHR. Look there: if it is, confirm it with its id;"
    " if it is not, retry it and say so."
)


def explain_delivery(detail: DeliveryDetail, now: str) -> Iterator[str]:
    """Give the lines of the explanation; none holds an answer of a person or of the EHR, only its codes.

    ``now`` is an instant.
    """
    one = detail.delivery
    subject = f"{one.subject_kind} {one.subject_id}, version {one.subject_version}"
    yield f"{one.id}: {subject}, for the EHR {one.ehr}."
    yield f"It is {one.state}{f' ({one.reason})' if one.reason else ''}."
    if one.rung:
        yield f"Its form: {one.rung}."
    yield f"Queued {one.created_at}, last changed {one.updated_at}, taken up {one.tries} times."
    for part in detail.parts:
        what = f"{part.method} {part.logical}"
        yield f"Part {part.sequence}, {what}: {part.state}{f' ({part.reason})' if part.reason else ''}"
        for attempt in detail.attempts.get(part.row, ()):
            yield f"  {_attempt(attempt)}"
    yield f"Next: {what_follows(one, now)}"


def what_follows(one: DeliveryRow, now: str) -> str:
    """Return what happens to a delivery next, by itself or by a person, and when."""
    state = State(one.state)
    if state is State.WAITING and one.reason:
        return _WITHHELD
    if state is State.HELD and one.reason == HELD_AS_OLD:
        return _AS_OLD
    if one.reason == LEFT_UNSEEN or (state is State.UNKNOWN and is_parked(state, one.reason)):
        return _MAY_BE_THERE
    when = f"at {one.due_at}" if one.due_at > now else "as soon as it is its turn"
    if state is State.UNKNOWN:
        return f"It is searched for in the EHR {when}, and sent again only if it is surely not there."
    if state is State.PENDING:
        return f"It is tried {when}; what the patient had before, and definitions, go first."
    return _FOLLOWS[state]


def _attempt(attempt: AttemptRow) -> str:
    words = (
        f"{attempt.number}.",
        attempt.started_at,
        attempt.kind,
        attempt.outcome,
        str(attempt.status or ""),
        attempt.codes,
    )
    return " ".join(word for word in words if word)
