"""A delivery in plain words: what it is, what was tried, what happens next and when.

Source of the words: ``service/flows/delivery_sentences/<language>.toml``.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from service.alliance.phrases import DEFAULT_LANGUAGE, Phrases
from service.ledger import State, is_parked
from service.store.deliveries import AttemptRow, DeliveryDetail, DeliveryRow
from service.store.delivery_acts import HELD_AS_OLD
from service.store.given_up import LEFT_UNSEEN


@cache
def delivery_phrases() -> Mapping[str, Phrases]:
    """Return language -> what is told of deliveries; every language has every key (tested)."""
    folder = files("service.flows") / "delivery_sentences"
    texts = {one.name.removesuffix(".toml"): one.read_text("utf-8") for one in folder.iterdir()}
    return {language: Phrases(language, tomllib.loads(text)) for language, text in texts.items()}


def explain_delivery(detail: DeliveryDetail, now: str, language: str = DEFAULT_LANGUAGE) -> Iterator[str]:
    """Give the lines of the explanation; none holds an answer of a person or of the EHR, only its codes.

    ``now`` is an instant. Reasons, forms and codes are told as they are kept, whatever the language.
    """
    one, say = detail.delivery, delivery_phrases()[language].say
    kind = say("kinds", one.subject_kind)
    yield say("told", "subject", kind=kind, id=one.subject_id, version=one.subject_version, ehr=one.ehr)
    yield say("told", "state", state=_state(say("states", one.state), one.reason))
    if one.rung:
        yield say("told", "rung", rung=one.rung)
    queued, changed = _second(one.created_at), _second(one.updated_at)
    yield say("told", "times", queued=queued, changed=changed, tries=one.tries, id=one.id)
    for part in detail.parts:
        state = _state(say("states", part.state), part.reason)
        yield say("told", "part", number=part.sequence, what=f"{part.method} {part.logical}", state=state)
        for attempt in detail.attempts.get(part.row, ()):
            yield f"  {_attempt(attempt)}"
    yield say("told", "next", follows=what_follows(one, now, language))


def what_follows(one: DeliveryRow, now: str, language: str = DEFAULT_LANGUAGE) -> str:
    """Return what happens to a delivery next, by itself or by a person, and when."""
    say, state = delivery_phrases()[language].say, State(one.state)
    is_later = one.due_at > now
    when = say("follows", "at", moment=_second(one.due_at)) if is_later else say("follows", "in_turn")
    return say("follows", _what_holds(one, state), when=when)


def _what_holds(one: DeliveryRow, state: State) -> str:
    """Return which sentence is true: a state's own, unless its reason says more."""
    if state is State.WAITING and one.reason:
        return "withheld"
    if state is State.HELD and one.reason == HELD_AS_OLD:
        return "as_old"
    if one.reason == LEFT_UNSEEN or (state is State.UNKNOWN and is_parked(state, one.reason)):
        return "may_be_there"
    return state.value


def _state(name: str, reason: str | None) -> str:
    return f"{name} ({reason})" if reason else name


def _second(instant: str) -> str:
    """Return an instant as people read it, to the second: ``2026-03-02 12:00:05 UTC``."""
    return f"{instant[:19].replace('T', ' ')} UTC"


def _attempt(attempt: AttemptRow) -> str:
    words = (
        f"{attempt.number}.",
        _second(attempt.started_at),
        attempt.kind,
        attempt.outcome,
        str(attempt.status or ""),
        attempt.codes,
    )
    return " ".join(word for word in words if word)
