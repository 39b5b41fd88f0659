"""The filters of a Subscription: ``Observation?patient=anna&code=srs-3.total``, read into conditions.

Several filters, and several parts of one, must all hold; values between commas are alternatives.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import parse_qsl

from fhir_mappings.errors import Fault
from fhir_mappings.topics import Topic
from service.flows.deployment import Deployment
from service.flows.patient_references import reference_here, references_to_patient
from service.store.conditions import Condition, OfPatient, OfTherapist, OneOf

_SEVERITIES = frozenset({"possible", "marked"})
_LONGEST = 255
_MOST_VALUES = 50
_PATIENTS = frozenset({"patient", "subject"})


@dataclass(frozen=True, slots=True)
class Filters:
    """What an event must fulfil; ``about`` is the one patient whom they name, as kept here."""

    conditions: tuple[Condition, ...] = ()
    about: str | None = None
    faults: tuple[Fault, ...] = ()


class _Refused(Exception):
    """A part of a filter that cannot be used: why."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(reason)
        self.reason, self.message = reason, message


def read_filters(topic: Topic, filters: Sequence[str], deployment: Deployment) -> Filters:
    """Return what these filters of a topic ask for, with a fault for each that cannot be used."""
    conditions: list[Condition] = []
    about: set[str] = set()
    faults: list[Fault] = []
    for place, text in enumerate(filters):
        try:
            for name, value in _parts(topic, text):
                conditions.append(_READERS[name](value, deployment))
                if name in _PATIENTS:
                    about.add(reference_here(_as("Patient", value), deployment.settings))
        except _Refused as refused:
            at = f"Subscription.criteria.extension[{place}]"
            faults.append(Fault(at, refused.reason, refused.message))
    if len(about) > 1:
        message = "name several patients: none could be meant"
        faults.append(Fault("Subscription.criteria.extension", "bad-parameter", message))
    return Filters(tuple(conditions), next(iter(about), None), tuple(faults))


def _parts(topic: Topic, text: str) -> list[tuple[str, str]]:
    kind, mark, query = text.rpartition("?")
    if mark and kind != topic.focus:
        raise _Refused("not-offered", f"filters {topic.focus} on this topic, nothing else")
    pairs = parse_qsl(query, keep_blank_values=True)
    takes = ", ".join(topic.filters)
    if not pairs or any(name not in topic.filters for name, _ in pairs):
        raise _Refused("not-offered", f"takes {takes} on this topic, without modifiers")
    if any(not value or len(value) > _LONGEST or "\x00" in value for _, value in pairs):
        raise _Refused("bad-parameter", "needs a value, and none of that length")
    return pairs


def _as(kind: str, value: str) -> str:
    reference = value if "/" in value else f"{kind}/{value}"
    if len(reference) > _LONGEST:
        raise _Refused("bad-parameter", "names nobody by a reference of that length")
    return reference


def _one(value: str) -> str:
    if "," in value:
        raise _Refused("bad-parameter", "names one person")
    return value


def _patient(value: str, deployment: Deployment) -> Condition:
    return OfPatient(references_to_patient(_one(value), deployment.settings))


def _therapist(value: str, deployment: Deployment) -> Condition:
    return OfTherapist((reference_here(_as("Practitioner", _one(value)), deployment.settings),))


def _listed(value: str) -> tuple[str, ...]:
    found = tuple(value.split(","))
    if len(found) > _MOST_VALUES:
        raise _Refused("bad-parameter", f"takes at most {_MOST_VALUES} values")
    return found


def _instrument(value: str, deployment: Deployment) -> Condition:
    found = _listed(value)
    if any(one not in deployment.known for one in found):
        raise _Refused("unknown-instrument", "names an instrument that is not known here")
    return OneOf("instrument", found)


def _code(value: str, deployment: Deployment) -> Condition:
    ours = f"{deployment.names.measures}|"
    found = tuple(one.removeprefix(ours) for one in _listed(value))
    known = {one.code() for one in deployment.known.values()}
    if any(one.partition(".")[0] not in known for one in found):
        raise _Refused("unknown-choice", "names a code that none of our scores has")
    return OneOf("code", found)


def _severity(value: str, _: Deployment) -> Condition:
    found = _listed(value)
    if not _SEVERITIES.issuperset(found):
        raise _Refused("unknown-choice", f"takes {' or '.join(sorted(_SEVERITIES))}")
    return OneOf("severity", found)


_READERS: Mapping[str, Callable[[str, Deployment], Condition]] = MappingProxyType(
    {
        "patient": _patient,
        "subject": _patient,
        "therapist": _therapist,
        "instrument": _instrument,
        "code": _code,
        "severity": _severity,
    }
)
