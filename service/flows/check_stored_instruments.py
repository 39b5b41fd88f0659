"""Stored responses must stay readable: their forms may go on, but neither vanish nor be scored otherwise."""

import json
from collections.abc import Iterator
from hashlib import sha256

from fhir_mappings.instrument import AnyItem, ChoiceItem, Instrument, Item
from service.errors import SettingsRefused
from service.flows.choose_instruments import FOLDER, ChosenInstruments
from service.store.chart import keep_fact, read_fact
from service.store.database import Tx
from service.store.responses import instruments_in_use

# A fact's name has at most 40 characters, and a form's reference may be longer.
_NAME_DIGITS = 24


def check_stored_instruments(tx: Tx, clinic: str, chosen: ChosenInstruments) -> None:
    """Raise ``SettingsRefused`` where the clinic's own instruments no longer fit what was shown or is stored.

    A form that was answered must stay. A file whose text changes needs another version, since a published
    form never changes; and another id where items, ranges or keys change once it was answered, since its
    answers are scored by it for ever. A start keeps what later ones are compared with.
    """
    faults = list(_faults(tx, clinic, chosen))
    if faults:
        raise SettingsRefused([f"{FOLDER}: {fault}" for fault in faults])


def _faults(tx: Tx, clinic: str, chosen: ChosenInstruments) -> Iterator[str]:
    for own_id, fingerprint in chosen.own.items():
        form = chosen.known[own_id]
        if keep_fact(tx, clinic, _fact("form", form.reference), fingerprint) != fingerprint:
            yield f"{own_id}.toml: version: must rise, since the file is another than before"
        keep_fact(tx, clinic, _fact("keys", form.reference), _keys(form))
    for used_id, version in instruments_in_use(tx, clinic):
        if used_id not in chosen.known:
            yield f"{used_id}.toml: is not there, but responses of it are stored"
        elif used_id in chosen.own:
            then = read_fact(tx, clinic, _fact("keys", f"{used_id}|{version}"))
            if then != _keys(chosen.known[used_id]):
                reason = "items, ranges or keys changed after it was answered; give the changed form another"
                yield f"{used_id}.toml: id: {reason}"


def _fact(kind: str, reference: str) -> str:
    return f"{kind}:{sha256(reference.encode()).hexdigest()[:_NAME_DIGITS]}"


def _keys(form: Instrument) -> str:
    """Return a fingerprint of what answers and scores of a form rest on; texts and cut-offs do not count."""
    items = [[one.link_id, type(one).__name__, one.required, _taken(one)] for one in form.all_items]
    conditions = [
        [one.link_id, one.enabled_when.link_id, one.enabled_when.value]
        for one in form.all_items
        if one.enabled_when
    ]
    scores = [[one.id, one.kind, one.items, one.parts, one.missing] for one in form.scores]
    return sha256(json.dumps([items, conditions, scores]).encode()).hexdigest()


def _taken(item: AnyItem) -> list[object]:
    """Return which answers an item takes, and how it counts."""
    if isinstance(item, Item):
        choices = [f"{one.code}={one.weight}" for one in item.scale.choices] if item.scale else []
        return [f"{item.minimum}-{item.maximum} by {item.step}", item.reversed, *choices]
    if isinstance(item, ChoiceItem):
        return [item.several, *(one.code for one in item.options.options)]
    return []
