"""Nothing of a person gets out by the back doors: canaries in every request and fault, looked for everywhere.

Told apart: answers to those who may see (2xx) hold what they hold; logs, refusals, figures and the audit hold
no name, answer, word, identifier, token, header or query value, and no traceback. Names of elements
and parameters are places, and may be repeated.
"""

import io
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest
from starlette.testclient import TestClient

from fhir_mappings import json_text
from service.api.scopes_table import OPENINGS
from service.flows.deployment import Deployment
from service.http import Http
from service.log import Log
from service.metrics import Metrics
from service.store.database import Database
from service.worker import Worker
from tests.service.api.clinician.signing_in import a_site
from tests.service.api.fhir.calls import sent
from tests.service.api.fhir.subscribing import a_subscription
from tests.service.api.v1.build import a_body
from tests.service.ehr.fake_ehr import Fault, outcome
from tests.service.flows.delivering import Bench, a_bench
from tests.service.identity.signing import token

MARK = "zqcanary"
NAME = f"{MARK}-name"
WORDS = f"{MARK}-words"
IDENTIFIER = f"{MARK}-identifier"
QUERY = f"{MARK}-query"
PLACE = f"{MARK}-place"
# Out of range, and within it; with more digits than a log gives to seconds.
ODD, FITTING = "73.19463528", "8.71938264"
LEAKS = (MARK, ODD, FITTING, "Traceback", 'File "')
HEADERS = {
    "Authorization": f"Bearer {MARK}-token",
    "Cookie": f"{MARK}-cookie=1",
    "User-Agent": f"{MARK}-agent",
    "X-Request-Id": f"{MARK} no plain word",
    "If-None-Exist": f"identifier={MARK}-condition",
    "If-Match": f'W/"{MARK}-version"',
    "Referer": f"https://{MARK}.example/",
}
QUERIES = {
    **dict.fromkeys(("patient", "_sort", "after", "instrument", "language", "therapist", "tab"), QUERY),
    **dict.fromkeys(("colour", "encounter", "since", "clinic", "launch", "code", "error"), WORDS),
    "to": f"/{MARK}",
    "iss": f"https://{MARK}.example",
    "state": f"0123456789abcdef.{MARK}",
}
BEGUN = f"__Host-alliance-begun-0123456789abcdef={'.'.join([MARK] * 4)}"
# Each is refused at another place: by its shape, as a key, as a token that says something, by its cookie.
CREDENTIALS = (
    {"Authorization": f"Bearer {MARK}-token"},
    {"Authorization": f"Bearer alk_{MARK}_x"},
    {"Authorization": f"Bearer alk_default_{MARK:a<43}"},
    {"Authorization": f"Bearer {token(iss=MARK, sub=MARK)}"},
    {"Authorization": f"Bearer {token(aud=MARK, sub=MARK)}"},
    {"Cookie": f"__Host-alliance={MARK}; {BEGUN}"},
)
TABLES = (
    "responses",
    "patient_aliases",
    "alerts",
    "deliveries",
    "attendance",
    "form_links",
    "treatment_ends",
)


def _json(value: object) -> bytes:
    return json_text.dumps(value)


CELLS = ("item-1", "item-2", "item-3", "item-4")
HEADER = ("identifier", "instrument", "patient", "authored", *CELLS)


def _history(*rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> bytes:
    return "\n".join(",".join(row) for row in (header, *rows)).encode()


HISTORIES: tuple[tuple[bytes, str], ...] = (
    (_history(header=(*HEADER, NAME)), "text/csv"),
    (
        _history(
            (f"urn:x|{IDENTIFIER}", "srs-3", f"Patient/{NAME}", "2025-03-02T10:00:00Z", "9.1", *("9.0",) * 3),
            (f"urn:x|{IDENTIFIER}", "srs-3", f"Patient/{NAME}", "2025-03-02T10:00:00Z", *("9.0",) * 4),
            (IDENTIFIER, MARK, NAME, WORDS, ODD, FITTING, WORDS, ""),
            (f'"{NAME}', WORDS),
        ),
        "text/csv",
    ),
    (
        b"\n".join(
            (
                _json(a_body(patient=f"Patient/{NAME}", identifier=f"urn:x|{IDENTIFIER}-2", site=WORDS)),
                _json(a_body(answers={"item-1": Decimal(ODD), NAME: Decimal(FITTING)}, patient=NAME)),
                f'{{"patient": "{NAME}"'.encode(),
                _json(f"{NAME}"),
            )
        ),
        "application/x-ndjson",
    ),
)
BODIES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "application/json"),
    "not JSON": (f'{{"patient": "{NAME}", {ODD}'.encode(), "application/json"),
    "another type": (f"{NAME},{ODD}".encode(), f"text/{MARK}"),
    "a form": (f"patient={QUERY}&code={WORDS}&colour={ODD}".encode(), "application/x-www-form-urlencoded"),
    "a rating": (
        _json(a_body(patient=f"Patient/{NAME}", identifier=f"urn:x|{IDENTIFIER}", site=WORDS)),
        "application/json",
    ),
    "a rating out of range": (
        _json(a_body(answers={"item-1": Decimal(ODD), "item-9": Decimal(FITTING)}, patient=NAME)),
        "application/json",
    ),
    "a form link": (
        _json(
            {"patient": f"Patient/{NAME}", "instruments": ["session-check-in-client", WORDS], "site": WORDS}
        ),
        "application/json",
    ),
    "words for everything": (
        _json(
            dict.fromkeys(
                ("by", "reason", "note", "step", "outcome", "identifier", "push", "therapist", "date"), WORDS
            )
        ),
        "application/json",
    ),
    "a response": (
        _json(sent(subject={"reference": f"Patient/{NAME}", "display": NAME}, source=None)),
        "application/fhir+json",
    ),
    "a response with odd answers": (
        _json(
            sent(
                item=[{"linkId": "item-1", "text": WORDS, "answer": [{"valueDecimal": Decimal(ODD)}]}],
                subject={"identifier": {"system": "urn:x", "value": IDENTIFIER}},
                status=MARK,
            )
        ),
        "application/fhir+json",
    ),
    "a subscription": (
        _json(
            a_subscription(
                filters=(f"patient={NAME}", f"colour={QUERY}"),
                endpoint=f"https://{MARK}.example/{WORDS}",
                header=[f"Authorization: {MARK}-token", f"{MARK} no header"],
            )
            | {"reason": WORDS, "end": MARK}
        ),
        "application/fhir+json",
    ),
    "a bundle": (
        _json(
            {
                "resourceType": "Bundle",
                "type": "batch",
                "entry": [{"request": {"method": "GET", "url": f"Observation?patient={QUERY}&bad={MARK}"}}],
            }
        ),
        "application/fhir+json",
    ),
}


def calls() -> Iterator[tuple[str, str]]:
    """Yield method and address of every route, with canaries in the places of its path."""
    for method, path in OPENINGS:
        yield method, re.sub(r"{\w+(:path)?}", PLACE, path)


def ask_everything(client: TestClient, headers: Mapping[str, str] = HEADERS) -> list[Any]:
    """Return the answers of every route to every body and query."""
    answers = []
    for method, path in calls():
        for body, media_type in bodies_for(method, path):
            said = {**headers, "Content-Type": media_type, "Prefer": "handling=strict"}
            answers.append(client.request(method, path, params=QUERIES, content=body, headers=said))
    return answers


def bodies_for(method: str, path: str) -> list[tuple[bytes, str]]:
    """Return the bodies that a door might read, and two that it does not."""
    if method not in {"POST", "PUT"}:
        return [(b"", "application/json")]
    theirs = "fhir+json" if path.startswith("/fhir") else "/json"
    both = [BODIES["not JSON"], BODIES["another type"], BODIES["a form"]]
    if path == "/v1/imports":
        return [*both, *HISTORIES]
    return [*both, *(one for one in BODIES.values() if theirs in one[1])]


def refusals_of(answers: list[Any]) -> str:
    """Return everything that refusals say, heads included; those of an import's rows are in its report."""
    refused = [one for one in answers if one.status_code >= 400 or "refusals" in one.text]
    assert refused
    return "\n".join(f"{one.headers}\n{one.text}" for one in refused)


def audit_of(database: Database) -> str:
    """Return every row of the audit; the patients' aliases that it points at stand elsewhere."""
    with database.read() as tx:
        return str(tx.exec_driver_sql("SELECT * FROM audit_rows").all())


def figures_of(deployment: Deployment) -> str:
    """Return what Prometheus is told."""
    return generate_latest(Metrics([deployment]).registry).decode()


def leaks_in(*outputs: str) -> list[str]:
    """Return the canaries that are found, each with what stands around it."""
    text = "\n".join(outputs)
    return [f"…{text[max(0, text.find(one) - 80) : text.find(one) + 80]}…" for one in LEAKS if one in text]


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str], log_stream: io.StringIO) -> Callable[[], str]:
    """Everything that was logged or written, by any thread."""

    def read() -> str:
        captured = capfd.readouterr()
        return f"{captured.out}\n{captured.err}\n{log_stream.getvalue()}"

    return read


def test_no_refusal_log_figure_or_row_repeats_what_was_sent(
    client: TestClient, deployment: Deployment, said: Callable[[], str]
) -> None:
    answers = ask_everything(client)

    assert len(set(calls())) > 120
    assert {one.status_code for one in answers} >= {200, 201, 400, 404, 415, 422}
    assert leaks_in(refusals_of(answers), said(), figures_of(deployment)) == []
    assert leaks_in(audit_of(deployment.database)) == []


@pytest.mark.parametrize("credential", CREDENTIALS, ids=range(len(CREDENTIALS)))
def test_no_refusal_of_a_credential_repeats_what_was_sent(
    deployment: Deployment, said: Callable[[], str], log_stream: io.StringIO, credential: dict[str, str]
) -> None:
    heads = {name: value for name, value in HEADERS.items() if name not in {"Authorization", "Cookie"}}
    with a_site(deployment, Log(log_stream)) as site:
        answers = [
            site.browser.request(method, path, params=QUERIES, headers=heads | credential)
            for method, path in calls()
        ]

    # The one thing repeated: the address of a page, by which who signs in comes back to it.
    told = re.sub(r'/clinician/sign-in\?to=[^"]*', "", refusals_of(answers))
    assert {one.status_code for one in answers} >= {401}
    assert leaks_in(told, said(), audit_of(deployment.database)) == []


def test_a_database_that_breaks_tells_nothing(
    client: TestClient, database: Database, said: Callable[[], str]
) -> None:
    with database.write() as tx:
        for table in TABLES:
            tx.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {table}_gone")
    answers = ask_everything(client)

    assert {one.status_code for one in answers} & {500, 503}
    assert leaks_in(refusals_of(answers), said(), audit_of(database)) == []


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    "fault",
    [
        Fault(400, body=outcome("invalid", diagnostics=f"{NAME} said {FITTING}")),
        Fault(422, body=f"<h1>{NAME}</h1> {ODD}".encode(), headers=(("X-Echo", WORDS),)),
        Fault(500, body=f"Traceback of {NAME}".encode()),
        Fault(409, body=outcome("duplicate", diagnostics=IDENTIFIER)),
    ],
    ids=["refused", "page", "failed", "duplicate"],
)
def test_an_ehr_that_echoes_is_not_echoed(
    bench: Bench, capfd: pytest.CaptureFixture[str], fault: Fault
) -> None:
    bench.record(identifier=None)
    bench.ehr.faults = [fault]
    bench.deliver_all(1)
    captured = capfd.readouterr()

    reasons = str([(row.state, row.reason) for row in bench.deliveries()])
    assert leaks_in(bench.log.getvalue(), captured.out, captured.err, reasons) == []
    assert leaks_in(audit_of(bench.deployment.database)) == []


def test_a_worker_that_fails_tells_what_kind_of_fault_and_no_more(
    bench: Bench, http_of_bench: Http, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.record()
    with bench.deployment.database.write() as tx:
        tx.exec_driver_sql(f"ALTER TABLE parts RENAME TO {MARK}")
        tx.exec_driver_sql("ALTER TABLE ehr_troubles RENAME TO gone")
    worker = Worker(bench.deployment, http_of_bench, Log(bench.log))
    worker.start()
    threads = [one for one in threading.enumerate() if one.name.startswith(("deliver-", "leases"))]
    while '"error"' not in bench.log.getvalue():
        threads[0].join(0.05)
    worker.stop(5)
    captured = capfd.readouterr()

    assert leaks_in(bench.log.getvalue(), captured.out, captured.err) == []


@pytest.fixture
def http_of_bench(bench: Bench) -> Http:
    return bench.http
