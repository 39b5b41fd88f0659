"""The ids of responses, made from what their senders call them: so that a lost database doubles no chart.

The EHR knows a response by our id. One that is sent again to a database restored from an older backup gets
the id that it had, and is found in the EHR. What was erased is known by the same ids, and not taken again.
"""

from uuid import UUID, uuid4, uuid5

from fhir_mappings import json_text
from fhir_mappings.filled import Identifier
from service.errors import Erased
from service.flows.deployment import Write
from service.flows.new_response import NewResponse
from service.store.erasures import id_standing

_OWN_IDS = UUID("5f1d9a3c-0c52-5a0e-9d8e-27c6f3b1a4d2")
_ERASED = "What this identifier stood for was erased here: it is not taken again."


def id_by_identifier(clinic: str, system: str, value: str) -> str:
    """Return the id of the response that its sender calls by this identifier."""
    return _made("identifier", clinic, system, value)


def id_by_form(clinic: str, ehr: str, ehr_id: str) -> str:
    """Return the id of the response that was filled in an EHR and has this id there."""
    return _made("form", clinic, ehr, ehr_id)


def id_by_appointment(clinic: str, system: str, value: str) -> str:
    """Return by what an appointment is known that was erased."""
    return _made("appointment", clinic, system, value)


def choose_response_id(write: Write, new: NewResponse) -> str:
    """Return the id of a new response: made from what it is called, else (or where taken) a random one.

    An id is taken where the response of this identifier was given another one later. Raises ``Erased``.
    """
    own = own_id(write, new)
    return str(uuid4()) if own is None else settle_id(own, id_standing(write.tx, write.clinic, own))


def settle_id(own: str, standing: str) -> str:
    """Return the id of a new response, whose own one stands so: free, taken or erased. Raises ``Erased``."""
    if standing == "erased":
        raise Erased(_ERASED)
    return own if standing == "free" else str(uuid4())


def refuse_erased_appointment(write: Write, identifier: Identifier) -> None:
    """Raise ``Erased`` for an appointment of a patient who was erased."""
    own = id_by_appointment(write.clinic, identifier.system, identifier.value)
    if id_standing(write.tx, write.clinic, own) == "erased":
        raise Erased(_ERASED)


def own_id(write: Write, new: NewResponse) -> str | None:
    """Return the id that follows from what a response is called, None where its sender called it nothing."""
    if new.origin == "ehr" and new.ehr_reference:
        ehr_id = new.ehr_reference.rpartition("/")[2]
        return id_by_form(write.clinic, write.deployment.settings.ehr_name, ehr_id)
    if new.identifier is None:
        return None
    return id_by_identifier(write.clinic, new.identifier.system, new.identifier.value)


def _made(*words: str) -> str:
    return str(uuid5(_OWN_IDS, json_text.dumps(words).decode()))
