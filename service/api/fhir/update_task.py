"""Update a Task: a person moves the alert behind it, as far as the table of legal moves goes.

Only ``status`` moves it; ``businessStatus``, ``statusReason``, ``output``, ``owner`` and ``note`` say more of
the move. Every other element is ours: sent back changed or left out, it is refused by name.
"""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.responses import Response

from fhir_mappings.alert_states import MOVES, Act, after
from fhir_mappings.codes import Names
from fhir_mappings.errors import Fault
from fhir_mappings.repair import REPAIRED, STEPS, repair_steps
from fhir_mappings.structure import check_structure
from fhir_mappings.task import to_task
from fhir_mappings.vocabulary import ALERT_STATUS_TERMS, DISMISSAL_REASON_TERMS
from service.api.bodies import JsonBody
from service.api.doors import Doors
from service.api.fhir.answers import Shown, answer, fhir_base
from service.api.fhir.negotiation import preferred_return
from service.api.fhir.update_response import NO_OWN_IDS, OK, expected_version
from service.api.outcomes import success_outcome
from service.api.security import access_of
from service.api.v1.act_models import LONGEST_WORDS, PERSON
from service.errors import FaultsInRequest, NotFound, NotOffered, StaleVersion, WrongState
from service.flows.act_on_alert import PersonsAct, act_on_alert, refuse_another_person
from service.flows.deployment import Access, Deployment
from service.flows.load import alert_facts
from service.flows.search_chart import find_alert_row
from service.store.alerts import AlertRow

Json = Mapping[str, Any]
# hl7.org/fhir/R4/valueset-task-status.html
_KNOWN = frozenset(
    {
        *("draft", "requested", "received", "accepted", "rejected", "ready", "cancelled", "in-progress"),
        *("on-hold", "failed", "completed", "entered-in-error"),
    }
)
_ACTS: Mapping[str, Act] = {move.steps.task: move.act for move in MOVES}
_OURS_TO_SET = frozenset({"meta", "text", "lastModified"})
_SAYS_MORE = frozenset({"status", "businessStatus", "statusReason", "output", "owner", "note"})
_ELEMENT = re.compile(r"_?[A-Za-z]{1,40}")
_PERSON = re.compile(PERSON)


def receive_task_update(doors: Doors, request: Request, task_id: str, body: JsonBody) -> Response:
    """Return 200 with the Task as it is now; what it says already makes no new version."""
    access = access_of(request, "U")
    expected = expected_version(request.headers.get("if-match"))
    row = _find(doors.deployment, access, task_id)
    if expected not in (None, row.version):
        raise StaleVersion("The Task has changed since that version; read it again.", at="If-Match")
    done = read_task_update(body.value, row, doors.deployment.names, access.person)
    if done is not None:
        refuse_another_person(done.by, access, doors.deployment, "Task.owner")
        row = act_on_alert(doors.deployment, task_id, row.version, done, access).alert
        doors.wake()
    else:
        doors.audit_read(access, task_id, patients=[row.patient])
    return _answer(doors, request, row)


def read_task_update(sent: Json, row: AlertRow, names: Names, person: str | None = None) -> PersonsAct | None:
    """Return the act that an update asks for, None where it changes nothing.

    ``person`` is whom the credential names: who acts need not be said then.

    Raises ``FaultsInRequest`` with every element at fault, ``WrongState`` for a status that nobody's act
    leads to.
    """
    if sent.get("resourceType") != "Task" or sent.get("id") != row.id:
        message = "A Task is sent, under the id of the address."
        raise FaultsInRequest([Fault("Task.id", "wrong-id", message)], status=400)
    _refuse(check_structure(dict(sent)), status=400)
    if sent.get("status") not in _KNOWN:
        fault = Fault("Task.status", "unknown-choice", "There is no such status.")
        raise FaultsInRequest([fault], status=400)
    served = to_task(alert_facts(row), names)
    asked = sent["status"]
    if asked == served["status"] and not _changed(sent, served, _SAYS_MORE - {"status"}):
        _refuse(_ours_changed(sent, served))
        return None
    act = _ACTS.get(asked)
    if act is None:
        message = f"The alert is {row.status}: nobody's act makes this Task {asked}."
        raise WrongState(message, at="Task.status")
    return _Reading(sent, served, act, names, person).act()


class _Reading:
    """Reads what an update says of one act, gathering every fault."""

    def __init__(self, sent: Json, served: Json, act: Act, names: Names, person: str | None) -> None:
        self._person = person or ""
        self._sent, self._served, self._act, self._names = sent, served, act, names
        self.faults = _ours_changed(sent, served)

    def act(self) -> PersonsAct:
        """Return the act; raises ``FaultsInRequest``."""
        self._check_business_status()
        step, reason, words = self._step(), self._reason(), self._words()
        if self._act == "repair-steps" and step is None and words is None:
            self._fault("output", "required", "Say which step was taken in output, or tell it in note.")
        done = PersonsAct(self._act, self._by(), step=step, reason=reason, words=words)
        _refuse(self.faults)
        return done

    def _by(self) -> str:
        """Return who acts: the author of the last note, else the owner; an acknowledgement's is the owner."""
        owner = _reference(self._sent.get("owner"))
        notes = self._sent.get("note") or [{}]
        author = _reference(notes[-1].get("authorReference"))
        by = (owner if self._act == "acknowledge" else author or self._person or owner) or self._person
        if not by or not _PERSON.fullmatch(by):
            self._fault("owner", "required", "Name the Practitioner or PractitionerRole who acts.")
        if self._act != "acknowledge" and _changed(self._sent, self._served, {"owner"}):
            self._fault("owner", "not-correctable", "The owner changes only where the Task is accepted.")
        return by

    def _check_business_status(self) -> None:
        said = _code_in(self._sent.get("businessStatus"), self._names.vocabulary(ALERT_STATUS_TERMS.id))
        if _changed(self._sent, self._served, {"businessStatus"}) and said != after(self._act):
            self._fault("businessStatus", "unknown-choice", "It must be that of the status, or as it was.")

    def _step(self) -> str | None:
        """Return the repair step of an in-progress Task; check that a completed one says so in its output."""
        outputs = [one.get("valueCodeableConcept") for one in self._sent.get("output", [])]
        if self._act == "resolve-repaired":
            system = self._names.vocabulary(ALERT_STATUS_TERMS.id)
            if REPAIRED not in [_code_in(one, system) for one in outputs]:
                self._fault("output", "required", "A completed Task has the alert status repaired as output.")
            return None
        steps = [_code_in(one, self._names.vocabulary(STEPS)) for one in outputs]
        if self._act != "repair-steps" and steps:
            self._fault("output", "not-correctable", "This status has no output.")
        if len(steps) > 1 or any(step not in repair_steps() for step in steps):
            self._fault("output", "unknown-choice", "One repair step of our CodeSystem is taken at a time.")
        return steps[0] if steps else None

    def _reason(self) -> str | None:
        sent = self._sent.get("statusReason")
        if self._act != "dismiss":
            if sent is not None:
                self._fault("statusReason", "not-correctable", "Only a rejected Task has a reason from you.")
            return None
        reason = _code_in(sent, self._names.vocabulary(DISMISSAL_REASON_TERMS.id))
        if reason not in {term.code for term in DISMISSAL_REASON_TERMS.terms}:
            self._fault("statusReason", "required", "A rejected Task needs a dismissal reason of ours.")
        return reason

    def _words(self) -> str | None:
        words = "\n".join(str(note.get("text", "")) for note in self._sent.get("note", []))
        if len(words) > LONGEST_WORDS:
            self._fault("note", "too-long", f"At most {LONGEST_WORDS} characters are kept.")
        return words or None

    def _fault(self, element: str, reason: str, message: str) -> None:
        self.faults.append(Fault(f"Task.{element}", reason, message))


def _find(deployment: Deployment, access: Access, task_id: str) -> AlertRow:
    try:
        row = find_alert_row(deployment, access.clinic, task_id, sight=access.sight)
    except NotFound:
        raise NotOffered(NO_OWN_IDS, allow="GET") from None
    if row.historical:
        raise NotOffered(NO_OWN_IDS, allow="GET")
    return row


def _answer(doors: Doors, request: Request, row: AlertRow) -> Response:
    resource = to_task(alert_facts(row), doors.deployment.names)
    resource["meta"]["lastUpdated"] = row.believed_from
    shown = Shown(resource, str(row.version), row.believed_from)
    base = fhir_base(request, doors.deployment.settings)
    address = f"{base}/Task/{row.id}/_history/{row.version}"
    headers = shown.headers() | {"Location": address, "Content-Location": address}
    match preferred_return(request):
        case "minimal":
            return Response(None, OK, headers)
        case "OperationOutcome":
            told = f"The alert is {row.status}, in version {row.version}."
            return answer(request, success_outcome(told), OK, headers)
    return answer(request, resource, OK, headers)


def _ours_changed(sent: Json, served: Json) -> list[Fault]:
    """Return a fault for every element that no move changes and that is not as we serve it."""
    elements = sorted((sent.keys() | served.keys()) - _OURS_TO_SET - _SAYS_MORE)
    changed = [name for name in elements if sent.get(name) != served.get(name)]
    message = "This element is not changed by an update; send it as it was read."
    return [
        Fault(f"Task.{name}" if _ELEMENT.fullmatch(name) else "Task", "not-correctable", message)
        for name in changed
    ]


def _changed(sent: Json, served: Json, elements: frozenset[str] | set[str]) -> bool:
    return any(sent.get(name) != served.get(name) for name in elements)


def _reference(value: object) -> str:
    found = value.get("reference") if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _code_in(concept: object, system: str) -> str | None:
    """Return the code that a CodeableConcept has of this system, or None."""
    codings = concept.get("coding", []) if isinstance(concept, dict) else []
    return next((one.get("code") for one in codings if one.get("system") == system), None)


def _refuse(faults: list[Fault], *, status: int = 422) -> None:
    if faults:
        raise FaultsInRequest(faults, status=status)
