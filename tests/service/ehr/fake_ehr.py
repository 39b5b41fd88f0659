"""An EHR in memory, behind respx: declares a surface, keeps what it takes, misbehaves write by write."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import respx

from fhir_mappings import json_text

BASE = "http://localhost:8095/fhir"
HOST = "localhost:8095"
FHIR = {"content-type": "application/fhir+json"}
TYPES = ("QuestionnaireResponse", "Observation", "DetectedIssue", "Provenance", "Device", "DocumentReference")
DEFINITIONS = ("CodeSystem", "ValueSet", "Questionnaire")
Json = dict[str, Any]


@dataclass(frozen=True)
class Surface:
    """What the EHR declares, and does."""

    transaction: bool = True
    conditional: bool = True
    update_create: bool = True
    update: bool = True
    fhir_version: str = "4.0.1"
    types: tuple[str, ...] = (*TYPES, *DEFINITIONS)
    search_params: tuple[str, ...] = ("identifier", "url", "version")


PLAIN = Surface(transaction=False, conditional=False, update_create=False)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one write.

    ``status`` 0 loses the answer. ``performs``: whether it is performed all the same, ``delay_seconds``
    later. ``refuses``: the connection is refused before anything is sent.
    """

    status: int = 0
    performs: bool = False
    delay_seconds: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    refuses: bool = False


@dataclass
class Row:
    """One resource in the chart, with all that counts for a search."""

    type: str
    id: str
    version: int
    resource: Json
    written_at: datetime


@dataclass
class FakeEhr:
    """One EHR. ``faults`` are taken one for each write; when none is left, writes go well."""

    clock: Callable[[], datetime]
    surface: Surface = field(default_factory=Surface)
    faults: list[Fault | None] = field(default_factory=list)
    hides_seconds: float = 0.0
    rows: list[Row] = field(default_factory=list)
    writes: list[httpx.Request] = field(default_factory=list)
    reads: list[httpx.Request] = field(default_factory=list)
    # Whom the EHR knows, where a test says so: a write about anybody else is refused with this status.
    patients: dict[str, Json] | None = None
    refuses_strangers_with: int = 422
    # The status with which every search and read of a type is answered, where a test says so; 0: it is away.
    unreadable: dict[str, int] = field(default_factory=dict)
    _late: list[tuple[datetime, httpx.Request]] = field(default_factory=list)
    _committing_at: datetime | None = None

    def mount(self, router: respx.MockRouter) -> None:
        router.route(url__startswith=BASE).mock(side_effect=self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.commit_late()
        if request.method == "GET":
            self.reads.append(request)
            return self._read(request)
        if self._is_about_a_stranger(request):
            self.writes.append(request)
            return _refusal(self.refuses_strangers_with)
        fault = self.faults.pop(0) if self.faults else None
        if fault and fault.refuses:
            raise httpx.ConnectError("refused")
        self.writes.append(request)
        return self._fail(fault, request) if fault else self._write(request)

    def _is_about_a_stranger(self, request: httpx.Request) -> bool:
        if self.patients is None:
            return False
        standing = [name for name, one in self.patients.items() if "link" not in one]
        named = set(re.findall(r'"reference": ?"Patient/([^"]+)"', request.content.decode()))
        return bool(named - set(standing))

    def commit_late(self) -> None:
        """Perform what was sent earlier and is committed only now."""
        due = [late for late in self._late if late[0] <= self.clock()]
        self._late = [late for late in self._late if late not in due]
        for moment, request in due:
            self._committing_at = moment
            self._write(request)
        self._committing_at = None

    def _now(self) -> datetime:
        return self._committing_at or self.clock()

    def found(self, resource_type: str) -> list[Json]:
        return [row.resource | {"id": row.id} for row in self.rows if row.type == resource_type]

    def _fail(self, fault: Fault, request: httpx.Request) -> httpx.Response:
        if fault.performs and fault.delay_seconds:
            self._late.append((self.clock() + timedelta(seconds=fault.delay_seconds), request))
        elif fault.performs:
            self._write(request)
        if not fault.status:
            raise httpx.ReadTimeout("no answer")
        return httpx.Response(fault.status, headers=dict(fault.headers), content=fault.body)

    def _write(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/fhir").strip("/")
        body = json_text.loads(request.content)
        if not path:
            return self._transaction(body)
        return self._one(
            request.method,
            path,
            body,
            request.headers.get("if-none-exist"),
            request.headers.get("if-match"),
        )

    def _transaction(self, bundle: Json) -> httpx.Response:
        if not self.surface.transaction:
            return _refusal(405)
        before = [replace(row) for row in self.rows]
        text, answers = json_text.dumps(bundle).decode(), []
        for entry in bundle["entry"]:
            asked, resource = entry["request"], entry["resource"]
            answer = self._one(
                asked["method"], asked["url"], resource, asked.get("ifNoneExist"), asked.get("ifMatch")
            )
            if answer.status_code >= 300:
                self.rows = before
                return answer
            place = answer.headers["location"]
            text = text.replace(entry["fullUrl"], "/".join(place.split("/")[:2]))
            answers.append({"response": {"status": str(answer.status_code), "location": place}})
        rewritten = json_text.loads(text)["entry"]
        for entry, answer in zip(rewritten, answers, strict=True):
            row = self._row(*answer["response"]["location"].split("/")[:2])
            if row is not None:
                row.resource = entry["resource"]
        return _json(200, {"resourceType": "Bundle", "type": "transaction-response", "entry": answers})

    def _one(
        self, method: str, path: str, resource: Json, condition: str | None, match: str | None
    ) -> httpx.Response:
        resource_type, _, resource_id = path.partition("/")
        if resource_type not in self.surface.types:
            return _refusal(404)
        if method == "PUT":
            return self._update(resource_type, resource_id, resource, match)
        if condition and self.surface.conditional:
            matches = self._search(resource_type, dict(httpx.QueryParams(condition)))
            if len(matches) > 1:
                return _refusal(412)
            if matches:
                return _placed(200, matches[0])
        return self._create(resource_type, f"e{len(self.rows) + 1}", resource)

    def _update(
        self, resource_type: str, resource_id: str, resource: Json, match: str | None
    ) -> httpx.Response:
        row = self._row(resource_type, resource_id)
        if row is None:
            if not self.surface.update_create:
                return _refusal(405)
            return self._create(resource_type, resource_id, resource)
        if match and match != f'W/"{row.version}"':
            return _refusal(412)
        row.version, row.resource, row.written_at = row.version + 1, resource, self._now()
        return _placed(200, row)

    def _create(self, resource_type: str, resource_id: str, resource: Json) -> httpx.Response:
        row = Row(resource_type, resource_id, 1, resource, self._now())
        self.rows.append(row)
        return _placed(201, row)

    def _read(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/fhir/")
        if path == "metadata":
            return _json(200, self.statement())
        resource_type, _, resource_id = path.partition("/")
        if resource_type in self.unreadable:
            if not self.unreadable[resource_type]:
                raise httpx.ConnectError("refused")
            return _refusal(self.unreadable[resource_type])
        if resource_type == "Patient" and self.patients is not None:
            known = self.patients.get(resource_id)
            return (
                _json(200, {"resourceType": "Patient", "id": resource_id} | known)
                if known is not None
                else _refusal(404)
            )
        if resource_id:
            row = self._row(resource_type, resource_id)
            return _json(200, _shown(row)) if row else _refusal(404)
        matches = self._search(resource_type, dict(request.url.params))
        entries = [{"resource": _shown(row)} for row in matches]
        return _json(200, {"resourceType": "Bundle", "type": "searchset", "entry": entries})

    def _search(self, resource_type: str, query: dict[str, str]) -> list[Row]:
        seen = self.clock() - timedelta(seconds=self.hides_seconds)
        return [
            row
            for row in self.rows
            if row.type == resource_type and row.written_at <= seen and _fits(row.resource, query)
        ]

    def _row(self, resource_type: str, resource_id: str) -> Row | None:
        return next((row for row in self.rows if (row.type, row.id) == (resource_type, resource_id)), None)

    def statement(self) -> Json:
        """Return the CapabilityStatement."""
        surface = self.surface
        codes = ("create", "read", "search-type", *(("update",) if surface.update else ()))
        resource = {
            "interaction": [{"code": code} for code in codes],
            "updateCreate": surface.update_create,
            "conditionalCreate": surface.conditional,
            "searchParam": [{"name": name, "type": "token"} for name in surface.search_params],
        }
        system = [{"code": "transaction"}] if surface.transaction else []
        server = {
            "mode": "server",
            "resource": [{"type": name, **resource} for name in surface.types],
            "interaction": system,
        }
        version = {"fhirVersion": surface.fhir_version} if surface.fhir_version else {}
        return {"resourceType": "CapabilityStatement", **version, "rest": [server]}


def outcome(code: str, **issue: Any) -> bytes:
    """Return an OperationOutcome with one error."""
    one = {"severity": "error", "code": code, **issue}
    return json_text.dumps({"resourceType": "OperationOutcome", "issue": [one]})


def _fits(resource: Json, query: dict[str, str]) -> bool:
    for name, wanted in query.items():
        held = resource.get(name)
        if name == "identifier":
            several = held if isinstance(held, list) else [held]
            if wanted not in [f"{one['system']}|{one['value']}" for one in several if one]:
                return False
        elif name == "patient":
            if resource["subject"]["reference"] != wanted:
                return False
        elif wanted.startswith("ge"):
            if str(held) < wanted.removeprefix("ge"):
                return False
        elif held != wanted:
            return False
    return True


def _shown(row: Row) -> Json:
    meta = row.resource.get("meta", {}) | {"versionId": str(row.version)}
    return row.resource | {"id": row.id, "meta": meta}


def _placed(status: int, row: Row) -> httpx.Response:
    location = f"{row.type}/{row.id}/_history/{row.version}"
    return httpx.Response(status, headers={"location": location, "etag": f'W/"{row.version}"'})


def _refusal(status: int) -> httpx.Response:
    return httpx.Response(status, headers=FHIR, content=outcome("processing"))


def _json(status: int, value: Json) -> httpx.Response:
    return httpx.Response(status, headers=FHIR, content=json_text.dumps(value))
