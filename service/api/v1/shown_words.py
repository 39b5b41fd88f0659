"""A client's own words as /v1 shows them: as they were given."""

from service.alliance.context import ContextLine
from service.flows.own_words import OwnWords

Json = dict[str, object]


def show_words(one: OwnWords) -> Json:
    """Return what was written on one form, each text with the short descriptor of its item."""
    names = {item.link_id: item.text for item in one.instrument.all_items}
    return {
        "instrument": one.instrument.id,
        "perspective": one.instrument.perspective,
        "session_number": one.response.session_number,
        "session_date": one.response.session_date,
        "response": one.response.id,
        "words": [
            {"item": link_id, "name": names[link_id], "text": text} for link_id, text in one.texts.items()
        ],
    }


def show_context(line: ContextLine) -> Json:
    """Return one line of context with its level of evidence, null for what is none."""
    return {"kind": line.kind, "level": line.level, "text": line.text}
