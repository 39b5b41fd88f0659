"""The definitions of an export. They carry no instant: which of them changed, earlier exports tell."""

from hashlib import sha256

from fhir_mappings import json_text
from fhir_mappings.elements import Json
from fhir_mappings.terminology import served_definitions
from service.flows.deployment import Deployment
from service.flows.render_resources import Selection
from service.store.chart import put_fact, read_facts

_FACT = "definition:"
# A fact's name has at most 40 characters.
_NAME_DIGITS = 24


def changed_definitions(deployment: Deployment, selection: Selection) -> list[Json]:
    """Return the definitions of the types of an export, with ``since`` those alone that changed after it.

    One counts as changed at the moment of the first export that had it as it is, which keeps that: whoever
    exported before did not get it.
    """
    served = served_definitions(deployment.instruments, deployment.names)
    wanted = {_fact(one): one for one in served if one["resourceType"] in selection.types}
    if not wanted:
        return []
    with deployment.database.write() as tx:
        kept = read_facts(tx, deployment.clinic, _FACT)
        for name, one in wanted.items():
            digest = sha256(json_text.dumps(one)).hexdigest()
            if kept.get(name, "").partition(" ")[0] != digest:
                kept[name] = f"{digest} {selection.until}"
                put_fact(tx, deployment.clinic, name, kept[name])
    since = selection.since or ""
    return [one for name, one in wanted.items() if kept[name].partition(" ")[2] > since]


def _fact(definition: Json) -> str:
    reference = f"{definition['resourceType']}/{definition['id']}"
    return f"{_FACT}{sha256(reference.encode()).hexdigest()[:_NAME_DIGITS]}"
