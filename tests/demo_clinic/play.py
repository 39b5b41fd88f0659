"""The demo: a sandbox EHR and the service, forty made-up clients, and what became of their ratings.

python -m tests.demo_clinic.play          # stays up until Ctrl-C
python -m tests.demo_clinic.play --once   # checks itself and ends: 0 when all is as it should be, else 1
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import httpx

from service.sandbox import SURFACES, seed_database
from tests.demo_clinic import looking
from tests.demo_clinic.clinic import DemoClinic, make_clinic
from tests.demo_clinic.processes import ROOT, NotStarted, Process, free_port, running
from tests.demo_clinic.seed import seed_bundle
from tests.demo_clinic.sending import CALLERS, Tally, start_sending
from tests.demo_clinic.wording import write_wording

CLIENTS = 40
SEED = 7
LIVE_ALERTS_WANTED = 5
SECONDS_ALLOWED = 60
DRAIN_SECONDS = 180
OUTPUT = ROOT / "build" / "demo"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the two servers of the demo listen."""

    service: str
    sandbox: str

    @property
    def fhir(self) -> str:
        """The FHIR base of the sandbox EHR."""
        return f"{self.sandbox}/fhir"


@dataclass(frozen=True, slots=True)
class Ending:
    """What the demo came to; ``seconds`` from the first rating sent to the last delivery ended."""

    tally: Tally
    deliveries: dict[str, int]
    ehr: dict[str, int]
    alerts: list[dict[str, Any]]
    seconds: float


def main(arguments: Sequence[str]) -> int:
    """Run the demo and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo_clinic.play", description="The demo clinic.")
    parser.add_argument("--once", action="store_true", help="check the outcome and end instead of staying up")
    parser.add_argument("--surface", default="everything", choices=SURFACES, help="what the EHR takes")
    asked = parser.parse_args(arguments)
    clinic = make_clinic(CLIENTS, SEED, datetime.now(UTC).date())
    # A demo that is told to end stops its children, just as at Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="alliance-demo-") as folder:
            seed_database(str(Path(folder) / "ehr.db"), seed_bundle(clinic))
            with _servers(Path(folder), asked.surface) as addresses:
                return _play(clinic, addresses, once=asked.once)
    except NotStarted as error:
        _tell(f"The demo did not start: {error}")
        return 1
    except httpx.HTTPError as error:
        _tell(f"A server of the demo gave no proper answer ({type(error).__name__}); see {OUTPUT}")
        return 1
    except KeyboardInterrupt:
        _tell("\nStopped.")
        return 1 if asked.once else 0


def _play(clinic: DemoClinic, addresses: Addresses, *, once: bool) -> int:
    _tell(f"Sandbox EHR   {addresses.sandbox}\nService       {addresses.service}\n")
    _tell(f"{len(clinic.clients)} made-up clients, {len(clinic.ratings)} filled forms, in therapy order:")
    ending = _send_and_watch(clinic, addresses)
    faults = find_faults(ending, len(clinic.ratings))
    _account(ending, addresses)
    _tell_form(clinic, addresses)
    for fault in faults:
        _tell(f"NOT AS IT SHOULD BE: {fault}")
    if not once:
        _tell("\nUp until Ctrl-C.")
        while True:
            time.sleep(3600)
    return 1 if faults else 0


def _send_and_watch(clinic: DemoClinic, addresses: Addresses) -> Ending:
    tally, started = Tally(), time.monotonic()
    with ThreadPoolExecutor(CALLERS) as pool:
        lanes = start_sending(clinic, addresses.service, tally, pool)
        try:
            while not all(lane.done() for lane in lanes):
                time.sleep(1)
                _tell_progress(tally, addresses)
        finally:
            tally.stopped.set()
        for lane in lanes:
            lane.result()
    deadline = time.monotonic() + DRAIN_SECONDS
    while looking.is_underway(addresses.service) and time.monotonic() < deadline:
        time.sleep(1)
        _tell_progress(tally, addresses)
    return Ending(
        tally=tally,
        seconds=time.monotonic() - started,
        deliveries=dict(looking.deliveries_by_state(addresses.service)),
        ehr=looking.ehr_counts(addresses.sandbox),
        alerts=looking.live_alerts(addresses.service),
    )


def find_faults(ending: Ending, ratings: int) -> list[str]:
    """Return what is not as it should be at the demo's end, as sentences; nothing where all is well."""
    left = {state: count for state, count in ending.deliveries.items() if state != "confirmed"}
    kept = ending.ehr.get("QuestionnaireResponse", 0)
    checks = [
        (not ending.tally.refused, f"the service refused {len(ending.tally.refused)} ratings"),
        (bool(ending.deliveries) and not left, f"not every delivery is confirmed: {left}"),
        (kept == ratings, f"the EHR holds {kept} responses of {ratings}"),
        (len(ending.alerts) >= LIVE_ALERTS_WANTED, f"only {len(ending.alerts)} alerts are live"),
        (ending.seconds < SECONDS_ALLOWED, f"it took {ending.seconds:.0f} s"),
    ]
    return [sentence for holds, sentence in checks if not holds]


def _account(ending: Ending, addresses: Addresses) -> None:
    _tell(
        f"\nDone in {ending.seconds:.1f} s. {ending.tally.ratings} forms, {ending.tally.scores} scores, "
        f"{ending.tally.prompts} check-in prompts. "
        f"An alert opened or rose {ending.tally.alerts} times, history included."
    )
    _tell(f"Deliveries: {_listed(ending.deliveries)}.")
    _tell(f"The EHR holds: {_listed(ending.ehr)}.")
    _tell(f"\n{len(ending.alerts)} live alerts:")
    for alert in ending.alerts:
        _tell(f"  {alert['patient']}, {alert['therapist']}: {alert['text']}")
    _tell("\nTo look at:")
    _tell(f"  the EHR                {addresses.sandbox}/")
    _tell(f"  the EHR can            {addresses.fhir}/metadata")
    _tell(f"  the clinician's page   {addresses.service}{looking.page_path(ending.alerts)}")
    _tell(f"  rupture alerts         {addresses.service}/v1/rupture-alerts")
    _tell(f"  deliveries             {addresses.service}/v1/deliveries")
    _tell(f"  the service's FHIR     {addresses.service}/fhir/metadata")
    if ending.alerts:
        patient = ending.alerts[0]["patient"]
        picture = OUTPUT / "trend.svg"
        picture.write_text(looking.trend_picture(addresses.service, patient))
        path = looking.trend_path(patient)
        _tell(f"  a trend as JSON        {addresses.service}{path}")
        _tell(f"  and as a picture       {addresses.service}{path}.svg?instrument=srs-3")
        _tell(f"  the same picture       {picture.relative_to(ROOT)}")


def _tell_form(clinic: DemoClinic, addresses: Addresses) -> None:
    client = clinic.clients[0]
    made = looking.form_link(addresses.service, client.reference, client.therapist)
    _tell("\nTo fill, as a client would after a session:")
    _tell(f"  the form               {made['link']}")
    _tell(f"  or, on a shared tablet {made['kiosk']} with the code {made['code']}")


def _tell_progress(tally: Tally, addresses: Addresses) -> None:
    ehr = looking.ehr_counts(addresses.sandbox)
    _tell(
        f"  {tally.ratings:4} forms taken, {tally.scores:5} scores, {tally.alerts:3} times an alert rose"
        f"   ->   in the EHR {ehr.get('QuestionnaireResponse', 0):4} responses, "
        f"{ehr.get('Observation', 0):5} observations, {ehr.get('DetectedIssue', 0):3} alerts"
    )


@contextmanager
def _servers(folder: Path, surface: str) -> Iterator[Addresses]:
    sandbox_port = free_port(8095)
    service_port = free_port(8000)
    addresses = Addresses(f"http://127.0.0.1:{service_port}", f"http://127.0.0.1:{sandbox_port}")
    sandbox = Process(
        name="the sandbox EHR",
        arguments=(
            *("sandbox-ehr", "--surface", surface),
            *("--port", str(sandbox_port), "--database", str(folder / "ehr.db")),
        ),
        environment={},
        log=OUTPUT / "sandbox-ehr.log",
    )
    settings = {
        "ALLIANCE_DATABASE_URL": f"sqlite:///{folder / 'alliance.db'}",
        "ALLIANCE_PORT": str(service_port),
        "ALLIANCE_EHR_NAME": "sandbox",
        "ALLIANCE_EHR_BASE_URL": addresses.fhir,
        "ALLIANCE_WORDING_DIR": str(write_wording(folder, ["srs-3"])),
    }
    service = Process("the service", ("run",), settings, OUTPUT / "service.log")
    with running(sandbox, f"{addresses.fhir}/metadata"), running(service, f"{addresses.service}/ready"):
        yield addresses


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the demo speaks to a person at a terminal


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
