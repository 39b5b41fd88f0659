"""A caller that does not give up: every rating is sent again under its identifier until it is answered."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from fhir_mappings import json_text
from tests.demo_clinic import Rating, submission
from tests.system.fhir_form import to_form

_CALLERS = 4
_FHIR_EVERY = 5
_SECONDS_ALLOWED = 180
_AGAIN_AFTER_SECONDS = 0.1
_TAKEN = (200, 201)


@dataclass(frozen=True, slots=True)
class Sent:
    """One rating that was taken: the id it got, by which door it went, and how often it was sent."""

    rating: Rating
    id: str
    door: str
    tries: int


class NotTaken(Exception):
    """The service refused a rating, or did not answer in time."""


def send_all(base_url: str, ratings: Sequence[Rating], gate: threading.Semaphore | None = None) -> list[Sent]:
    """Send all ratings, every fifth at the FHIR door, and return what each became, in no certain order.

    A client's ratings keep their order. With a gate each one waits for its turn.
    """
    with ThreadPoolExecutor(_CALLERS) as pool:
        lanes = start_sending(base_url, ratings, pool, gate)
        return [one for lane in lanes for one in lane.result()]


def start_sending(
    base_url: str,
    ratings: Sequence[Rating],
    pool: ThreadPoolExecutor,
    gate: threading.Semaphore | None = None,
) -> list["Future[list[Sent]]"]:
    """Begin as ``send_all`` does and return at once."""
    clients = sorted({one.client for one in ratings})
    lane_of = {client: number % _CALLERS for number, client in enumerate(clients)}
    lanes: list[list[tuple[int, Rating]]] = [[] for _ in range(_CALLERS)]
    for number, rating in enumerate(ratings):
        lanes[lane_of[rating.client]].append((number, rating))
    return [pool.submit(_send_lane, base_url, lane, gate) for lane in lanes]


def _send_lane(base_url: str, lane: list[tuple[int, Rating]], gate: threading.Semaphore | None) -> list[Sent]:
    sent = []
    with httpx.Client(base_url=base_url, timeout=30) as client:
        for number, rating in lane:
            if gate is not None:
                gate.acquire()
            sent.append(_send(client, rating, by_fhir=number % _FHIR_EVERY == 0))
    return sent


def _send(client: httpx.Client, rating: Rating, *, by_fhir: bool) -> Sent:
    path = "/fhir/QuestionnaireResponse" if by_fhir else "/v1/responses"
    body = json_text.dumps(to_form(rating) if by_fhir else submission(rating))
    media_type = "application/fhir+json" if by_fhir else "application/json"
    deadline = time.monotonic() + _SECONDS_ALLOWED
    for tries in range(1, 10_000):
        answer = _post(client, path, body, media_type)
        if answer is not None and answer.status_code in _TAKEN:
            return Sent(rating, _id_in(answer), "fhir" if by_fhir else "v1", tries)
        if answer is not None and answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
            raise NotTaken(f"{path}: {answer.status_code} {answer.text}")
        if time.monotonic() > deadline:
            break
        time.sleep(_AGAIN_AFTER_SECONDS)
    raise NotTaken(f"{path}: no answer that counts in {_SECONDS_ALLOWED} s")


def _post(client: httpx.Client, path: str, body: bytes, media_type: str) -> httpx.Response | None:
    """Return the answer; None where there was none, as when the service was killed meanwhile."""
    try:
        return client.post(path, content=body, headers={"Content-Type": media_type})
    except httpx.TransportError:
        return None


def _id_in(answer: httpx.Response) -> str:
    """Return the id in a Location: ``…/QuestionnaireResponse/<id>/_history/1`` or ``/v1/responses/<id>``."""
    steps = httpx.URL(answer.headers["Location"]).path.split("/")
    kind = "QuestionnaireResponse" if "QuestionnaireResponse" in steps else "responses"
    return steps[steps.index(kind) + 1]
