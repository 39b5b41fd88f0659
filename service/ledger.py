"""The ledger of deliveries: which states there are, and what leads from one to the next. Pure.

A part (one request of a delivery) is committed as ``sent`` before its first byte leaves. From there only an
answer confirms or rejects it; anything else, a crash included, makes it ``unknown``, and an unknown part is
searched for, never blindly sent again. The table below is the whole of it.

*Parked* (a person must look): rejected, held, and unknown once searching did not settle it; that last one is
told from an unknown part still being searched for by its reason, which is empty until then.
Source: the write-back ledger of the project's notes on EHRs.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from service.errors import ImpossibleStep


class State(StrEnum):
    """The state of a part, and of a delivery as a whole."""

    WAITING = "waiting"  # no EHR yet, or not allowed yet; leaves by itself
    PENDING = "pending"  # to do
    SENT = "sent"  # committed before the first byte leaves
    CONFIRMED = "confirmed"  # it is in the EHR
    REJECTED = "rejected"  # the EHR refused it: content or configuration
    UNKNOWN = "unknown"  # may or may not be there
    HELD = "held"  # nothing that this EHR accepts, or a person should decide first
    # Given up by a person, with a reason; replaced by another plan; or withdrawn before it might be sent.
    DISCARDED = "discarded"


class Event(StrEnum):
    """What happens to a part or delivery."""

    CONNECTED = "connected"  # an EHR is configured; or another word was given about the patient
    WITHHELD = "withheld"  # nothing about the patient may be written
    NOT_ACCEPTED = "not-accepted"  # the plan finds nothing that this EHR takes
    FROZEN = "frozen"  # its bytes are kept and about to leave
    ACCEPTED = "accepted"  # 2xx
    REFUSED = "refused"  # an answer that will not change by itself
    NOT_PERFORMED = "not-performed"  # busy, or nothing left us: later
    ANSWER_LOST = "answer-lost"  # no answer, half an answer, 5xx, a lost race
    OWNER_LOST = "owner-lost"  # the worker that sent it is gone
    FOUND = "found"  # the search shows exactly ours
    ABSENT = "absent"  # the search shows nothing, long enough after
    UNSETTLED = "unsettled"  # the search cannot tell: a person must
    RELEASED = "released"  # a person: try (again)
    SEEN_THERE = "seen-there"  # a person: it is in the EHR
    GIVEN_UP = "given-up"  # never: by a person, or since it was withdrawn while nothing might be written


_S, _E = State, Event
TRANSITIONS: Mapping[tuple[State, Event], State] = {
    (_S.WAITING, _E.CONNECTED): _S.PENDING,
    (_S.WAITING, _E.NOT_ACCEPTED): _S.HELD,
    (_S.WAITING, _E.GIVEN_UP): _S.DISCARDED,
    (_S.PENDING, _E.FROZEN): _S.SENT,
    (_S.PENDING, _E.FOUND): _S.CONFIRMED,  # found by the search that comes before a resend
    (_S.PENDING, _E.ANSWER_LOST): _S.UNKNOWN,  # that search could not tell
    (_S.PENDING, _E.NOT_ACCEPTED): _S.HELD,
    (_S.PENDING, _E.WITHHELD): _S.WAITING,
    (_S.PENDING, _E.RELEASED): _S.PENDING,
    (_S.PENDING, _E.GIVEN_UP): _S.DISCARDED,
    (_S.SENT, _E.ACCEPTED): _S.CONFIRMED,
    (_S.SENT, _E.REFUSED): _S.REJECTED,
    (_S.SENT, _E.NOT_PERFORMED): _S.PENDING,
    (_S.SENT, _E.ANSWER_LOST): _S.UNKNOWN,
    (_S.SENT, _E.OWNER_LOST): _S.UNKNOWN,
    (_S.UNKNOWN, _E.FOUND): _S.CONFIRMED,
    (_S.UNKNOWN, _E.ABSENT): _S.PENDING,
    (_S.UNKNOWN, _E.REFUSED): _S.REJECTED,
    (_S.UNKNOWN, _E.UNSETTLED): _S.UNKNOWN,
    (_S.UNKNOWN, _E.RELEASED): _S.PENDING,
    (_S.UNKNOWN, _E.SEEN_THERE): _S.CONFIRMED,
    (_S.UNKNOWN, _E.GIVEN_UP): _S.DISCARDED,
    (_S.REJECTED, _E.RELEASED): _S.PENDING,
    (_S.REJECTED, _E.SEEN_THERE): _S.CONFIRMED,
    (_S.REJECTED, _E.GIVEN_UP): _S.DISCARDED,
    (_S.HELD, _E.RELEASED): _S.PENDING,
    (_S.HELD, _E.SEEN_THERE): _S.CONFIRMED,
    (_S.HELD, _E.GIVEN_UP): _S.DISCARDED,
}


def step(state: State, event: Event) -> State:
    """Return the state that follows. Raises ``ImpossibleStep`` where the table has no such step."""
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise ImpossibleStep(f"{state} and {event}")
    return following


# The worst state among its parts is the delivery's; discarded parts no longer count.
_WORST_FIRST = (State.REJECTED, State.HELD, State.SENT, State.UNKNOWN, State.PENDING, State.CONFIRMED)


def delivery_state(parts: Iterable[State]) -> State:
    """Return a delivery's state, given its parts'; without any part that counts it is pending."""
    present = set(parts) - {State.DISCARDED}
    return next((state for state in _WORST_FIRST if state in present), State.PENDING)


def is_parked(state: State, reason: str) -> bool:
    """Tell whether a person must look: rejected, held, or unknown with a reason."""
    return state in (State.REJECTED, State.HELD) or (state is State.UNKNOWN and reason != "")
