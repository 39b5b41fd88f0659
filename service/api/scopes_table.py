"""Which scope opens which route: the one table. A route that does not stand here is closed to everybody.

``openapi/README.md`` shows it (``tests/service/api/test_scopes_table.py`` compares), and a test walks the
routes of the app for one that has no line.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from service.api.fhir.offered import ELSEWHERE, OFFERED, Offered
from service.flows.form_link import FORMS
from service.flows.subscribe_ehr import NOTICES
from service.scopes import METRICS, OPERATIONS, Need, Right

# own: held to what the scopes reach.  whole: only for who reaches all of the clinic.  shared: nothing about
# anybody.  caller: every caller, whatever the scopes.  types: of each type all, or nothing.  open: everybody,
# without a credential.
Reach = Literal["own", "whole", "shared", "caller", "types", "open"]


@dataclass(frozen=True, slots=True)
class Opening:
    """What one route needs, all of it, and how far it reaches; the first is of the type that is looked up."""

    needs: tuple[Need, ...]
    reach: Reach


Key = tuple[str, str]


def _needs(*spelled: str) -> tuple[Need, ...]:
    parts = (one.rpartition(".") for one in spelled)
    return tuple(Need(kind, _right(letter)) for kind, _, letter in parts)


def _right(letter: str) -> Right:
    return letter  # type: ignore[return-value] # one of cruds, as the table below has it


_READ, _WRITE = (f"{OPERATIONS}.r",), (f"{OPERATIONS}.u",)
_FORM, _ALERT = "QuestionnaireResponse", "DetectedIssue"
_ALERTS, _PATIENT = "/v1/rupture-alerts", "/v1/patients/{patient}"

_V1: tuple[tuple[str, str, tuple[str, ...], Reach], ...] = (
    ("GET", "/v1/instruments", ("Questionnaire.s",), "shared"),
    ("GET", "/v1/instruments/{instrument}", ("Questionnaire.r",), "shared"),
    ("POST", "/v1/responses", (f"{_FORM}.c",), "own"),
    ("GET", "/v1/responses/{response_id}", (f"{_FORM}.r",), "own"),
    ("PUT", "/v1/responses/{response_id}", (f"{_FORM}.u",), "own"),
    ("POST", "/v1/responses/{response_id}/withdraw", (f"{_FORM}.u",), "own"),
    ("GET", f"{_PATIENT}/alliance-trend", ("Observation.s",), "own"),
    ("GET", f"{_PATIENT}/alliance-trend.svg", ("Observation.s",), "own"),
    ("GET", f"{_PATIENT}/session-brief", ("Observation.s", f"{_FORM}.s", f"{_ALERT}.s"), "own"),
    ("GET", "/v1/therapists/{therapist}/supervision-digest", ("Observation.s", f"{_ALERT}.s"), "own"),
    ("GET", _ALERTS, (f"{_ALERT}.s",), "own"),
    ("GET", f"{_ALERTS}/{{alert_id}}", (f"{_ALERT}.r",), "own"),
    ("POST", f"{_ALERTS}/{{alert_id}}/acknowledge", ("Task.u",), "own"),
    ("POST", f"{_ALERTS}/{{alert_id}}/repair-steps", ("Task.u",), "own"),
    ("POST", f"{_ALERTS}/{{alert_id}}/resolve", ("Task.u",), "own"),
    ("POST", f"{_ALERTS}/{{alert_id}}/dismiss", ("Task.u",), "own"),
    ("GET", "/v1/alert-budget", (f"{_ALERT}.s",), "whole"),
    # Grouping by therapist needs alliance/therapist-metrics.read too: the route asks for it.
    ("GET", "/v1/alliance-metrics", (f"{METRICS}.r",), "own"),
    ("POST", "/v1/form-links", (f"{_FORM}.c",), "own"),
    ("GET", "/v1/form-links/{link_id}", (f"{_FORM}.r",), "own"),
    ("POST", "/v1/form-links/{link_id}/revoke", (f"{_FORM}.c",), "own"),
    ("POST", "/v1/attendance", ("Encounter.c",), "own"),
    ("PUT", "/v1/attendance/{attendance_id}", ("Encounter.u",), "own"),
    ("GET", "/v1/attendance", ("Encounter.s",), "own"),
    ("GET", "/v1/attendance/{attendance_id}", ("Encounter.r",), "own"),
    ("GET", f"{_PATIENT}/treatment-end", ("EpisodeOfCare.r",), "own"),
    ("PUT", f"{_PATIENT}/treatment-end", ("EpisodeOfCare.u",), "own"),
    ("POST", f"{_PATIENT}/treatment-end/withdraw", ("EpisodeOfCare.u",), "own"),
    ("POST", "/v1/patients/find", ("Patient.s",), "whole"),
    ("GET", f"{_PATIENT}/merges", ("Patient.r",), "whole"),
    ("POST", f"{_PATIENT}/merge-into/{{other}}", ("Patient.u",), "whole"),
    ("POST", f"{_PATIENT}/merge-into/{{other}}/undo", ("Patient.u",), "whole"),
    ("GET", f"{_PATIENT}/disclosure", ("Consent.r",), "whole"),
    ("PUT", f"{_PATIENT}/disclosure", ("Consent.u",), "whole"),
    ("GET", "/v1/deliveries", _READ, "whole"),
    ("GET", "/v1/deliveries/{delivery_id}", _READ, "whole"),
    ("POST", "/v1/deliveries/{delivery_id}/retry", _WRITE, "whole"),
    ("POST", "/v1/deliveries/{delivery_id}/confirm", _WRITE, "whole"),
    ("POST", "/v1/deliveries/{delivery_id}/discard", _WRITE, "whole"),
    ("GET", "/v1/inbound", _READ, "whole"),
    ("POST", "/v1/inbound/{inbound_id}/retry", _WRITE, "whole"),
    ("POST", "/v1/inbound/{inbound_id}/discard", _WRITE, "whole"),
    # Whoever may bring what concerns the whole clinic may read what became of it.
    ("POST", "/v1/imports", (f"{_FORM}.c",), "whole"),
    ("GET", "/v1/imports", (f"{_FORM}.c",), "whole"),
    ("GET", "/v1/imports/{import_id}", (f"{_FORM}.c",), "whole"),
    ("GET", "/v1/imports/{import_id}/refusals", (f"{_FORM}.c",), "whole"),
    ("GET", "/v1/imports/{import_id}/refusals.csv", (f"{_FORM}.c",), "whole"),
    ("GET", "/v1/webhook-events", _READ, "whole"),
    ("POST", "/v1/webhook-events/{event_id}/retry", _WRITE, "whole"),
)
HOOKS = "/cds-services"
_HOOKS: tuple[tuple[str, str, tuple[str, ...], Reach], ...] = (
    ("POST", f"{HOOKS}/{{service_id}}", (f"{_ALERT}.s", "Observation.s"), "own"),
    ("POST", f"{HOOKS}/{{service_id}}/feedback", ("Task.u",), "own"),
)
# People's pages; what they need is what the same would need of /v1.
_DYAD = ("Observation.s", f"{_FORM}.s", f"{_ALERT}.s")
_PAGES: tuple[tuple[str, str, tuple[str, ...], Reach], ...] = (
    ("GET", "/clinician", ("Observation.s", f"{_ALERT}.s"), "own"),
    ("GET", "/clinician/digest", ("Observation.s", f"{_ALERT}.s"), "own"),
    ("GET", "/clinician/patients/{patient}", _DYAD, "own"),
    ("POST", "/clinician/patients/{patient}/treatment-end", ("EpisodeOfCare.u",), "own"),
    ("POST", "/clinician/patients/{patient}/treatment-end/withdraw", ("EpisodeOfCare.u",), "own"),
    ("GET", "/clinician/responses/{response_id}", (f"{_FORM}.r",), "own"),
    ("POST", "/clinician/alerts/{alert_id}", ("Task.u",), "own"),
    ("GET", "/clinician/deliveries", _READ, "whole"),
    ("GET", "/clinician/deliveries/{delivery_id}", _READ, "whole"),
    ("POST", "/clinician/deliveries/{delivery_id}/retry", _WRITE, "whole"),
    ("POST", "/clinician/sign-out", (), "caller"),
)
_OPERATIONS: tuple[tuple[str, str, tuple[str, ...], Reach], ...] = (
    # Each entry of a Bundle passes by itself.
    ("POST", "/fhir", (), "caller"),
    ("POST", "/fhir/", (), "caller"),
    ("POST", "/fhir/Questionnaire/$populate", ("Questionnaire.r",), "shared"),
    ("POST", "/fhir/Questionnaire/{logical_id}/$populate", ("Questionnaire.r",), "shared"),
    ("GET", "/fhir/Questionnaire/{logical_id}/$populate", ("Questionnaire.r",), "shared"),
    ("POST", f"/fhir/{_FORM}/$extract", (f"{_FORM}.r",), "shared"),
    ("GET", f"/fhir/{_FORM}/{{logical_id}}/$extract", (f"{_FORM}.r", "Observation.r"), "own"),
    ("POST", f"/fhir/{_FORM}/{{logical_id}}/$extract", (f"{_FORM}.r", "Observation.r"), "own"),
    ("POST", f"/fhir/{_FORM}/$validate", (f"{_FORM}.c",), "own"),
    ("POST", f"/fhir/{_FORM}/{{logical_id}}/$validate", (f"{_FORM}.u",), "own"),
    ("GET", f"/fhir/{_FORM}/{{logical_id}}/$validate", (f"{_FORM}.r",), "own"),
    ("GET", "/fhir/Observation/$lastn", ("Observation.s",), "own"),
    ("POST", "/fhir/Observation/$lastn", ("Observation.s",), "own"),
    *(
        (method, f"/fhir{below}/$export", (), "types")
        for below in ("", "/Patient", "/Group/{logical_id}")
        for method in ("GET", "POST")
    ),
    # Whoever asked for it, and nobody else.
    ("GET", "/fhir/exports/{export_id}", (), "types"),
    ("DELETE", "/fhir/exports/{export_id}", (), "types"),
    ("GET", "/fhir/exports/{export_id}/{file}", (), "types"),
    ("GET", "/fhir/Subscription/$status", ("Subscription.s",), "own"),
    ("POST", "/fhir/Subscription/$status", ("Subscription.s",), "own"),
    ("GET", "/fhir/Subscription/{logical_id}/$status", ("Subscription.r",), "own"),
    ("POST", "/fhir/Subscription/{logical_id}/$status", ("Subscription.r",), "own"),
    ("GET", "/fhir/Subscription/{logical_id}/$events", ("Subscription.r",), "own"),
    ("POST", "/fhir/Subscription/{logical_id}/$events", ("Subscription.r",), "own"),
)
# What it says differs by clinic: whoever is known is told of their own.
METADATA = "/fhir/metadata"
_OPEN: tuple[Key, ...] = (
    ("GET", "/live"),
    ("GET", "/ready"),
    ("GET", "/openapi.json"),
    ("GET", METADATA),
    ("GET", "/.well-known/jwks.json"),
    ("GET", HOOKS),
    ("GET", "/.well-known/smart-configuration"),
    ("GET", "/fhir/.well-known/smart-configuration"),
    # The client's form: the secret is in the address, or typed.
    ("GET", f"{FORMS}kiosk"),
    ("POST", f"{FORMS}kiosk"),
    ("GET", f"{FORMS}worker.js"),
    ("GET", f"{FORMS}assets/{{version}}/{{name}}"),
    ("GET", f"{FORMS}{{token}}"),
    ("POST", f"{FORMS}{{token}}"),
    # Where people sign in, and what the pages look like.
    ("GET", "/launch"),
    ("GET", "/clinician/sign-in"),
    ("GET", "/clinician/signed-in"),
    ("GET", "/clinician/assets/base.css"),
    ("GET", "/clinician/assets/clinician.css"),
    ("GET", "/clinician/assets/icon.svg"),
    # The EHR's notices: the secret is in the address.
    ("POST", f"{NOTICES}{{token}}"),
    ("PUT", f"{NOTICES}{{token}}/{{below:path}}"),
)
# Interaction -> method, rest of the address, right.
_INTERACTIONS: Mapping[str, tuple[tuple[str, str, Right], ...]] = MappingProxyType(
    {
        "read": (("GET", "/{logical_id}", "r"),),
        "vread": (("GET", "/{logical_id}/_history/{version}", "r"),),
        "history-instance": (("GET", "/{logical_id}/_history", "r"),),
        "search-type": (("GET", "", "s"), ("POST", "/_search", "s")),
        "create": (("POST", "", "c"),),
        "update": (("PUT", "/{logical_id}", "u"),),
        "delete": (("DELETE", "/{logical_id}", "d"),),
    }
)
_REACHES: Mapping[str, Reach] = MappingProxyType(
    {
        **dict.fromkeys(("Questionnaire", "CodeSystem", "ValueSet", "StructureDefinition"), "shared"),
        # Who looked at whom is for those who answer for all of a clinic.
        "AuditEvent": "whole",
    }
)


def _of_type(offered: Offered) -> Iterator[tuple[Key, Opening]]:
    reach = _REACHES.get(offered.type, "own")
    for interaction in offered.interactions:
        for method, rest, right in _INTERACTIONS[interaction]:
            yield (method, f"/fhir/{offered.type}{rest}"), Opening((Need(offered.type, right),), reach)


def _rows() -> Iterator[tuple[Key, Opening]]:
    for method, path, needs, reach in (*_V1, *_HOOKS, *_PAGES, *_OPERATIONS):
        yield (method, path), Opening(_needs(*needs), reach)
    for offered in OFFERED:
        yield from _of_type(offered)
    for kind in ELSEWHERE:  # a redirect into the EHR, which asks for credentials of its own
        for rest in ("", "/{logical_id}"):
            yield ("GET", f"/fhir/{kind}{rest}"), Opening((), "caller")
    for key in _OPEN:
        yield key, Opening((), "open")


OPENINGS: Mapping[Key, Opening] = MappingProxyType(dict(_rows()))

_SAYS: Mapping[Reach, str] = MappingProxyType(
    {
        "own": "what the scope reaches",
        "whole": "`system/` scopes and supervisors only",
        "shared": "nothing about anybody",
        "caller": "every caller",
        "types": "of types whose `.r` is granted for the whole clinic; the results for who asked",
        "open": "everybody, without a credential",
    }
)


def is_open(path: str) -> bool:
    """Tell whether an address is open without a credential, before it is known which route it is."""
    return path in _OPEN_PATHS or path.startswith((NOTICES, FORMS))


def is_hook(path: str) -> bool:
    """Tell whether an address is one of those where an EHR asks for cards, or answers them."""
    return path.startswith(f"{HOOKS}/")


_OPEN_PATHS = frozenset(path for _, path in _OPEN if "{" not in path)


def scopes_table() -> str:
    """Return the table as Markdown: route, scopes needed, whom it reaches."""
    lines = ["| Route | Scope | Reaches |", "| --- | --- | --- |"]
    for (method, path), opening in OPENINGS.items():
        needed = " and ".join(f"`{_spelled(need)}`" for need in opening.needs) or "none"
        lines.append(f"| `{method} {path}` | {needed} | {_SAYS[opening.reach]} |")
    return "\n".join(lines) + "\n"


def _spelled(need: Need) -> str:
    """Return a need without its level: ``Observation.s``."""
    return need.spelled().removeprefix("system/")
