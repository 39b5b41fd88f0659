"""What this process counts for whoever watches it, in the words of Prometheus. Nothing about patients.

Every label has few values, all of them ours: route templates, classes of status, words of a list.
"""

from copy import copy
from datetime import datetime
from email.utils import parsedate_to_datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from service.callers import DEFAULT_CLINIC
from service.traces import Traces

# From what a read takes to where a caller gives up.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Figures:
    """The counts of one process, in a registry of their own; the same is told as ``traces``. Thread-safe.

    What is counted for an EHR is that of one clinic, ``clinic``: see ``of``.
    """

    def __init__(self, traces: Traces | None = None, clinic: str = DEFAULT_CLINIC) -> None:
        self._traces = traces
        self._clinic = clinic
        self.registry = registry = CollectorRegistry()
        self.ehr_clock_ahead_seconds: float | None = None
        self._requests = Histogram(
            "alliance_request_seconds",
            "Requests answered, by method, route template and class of status.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._under_way = Gauge("alliance_requests_under_way", "Requests under way.", registry=registry)
        self._refused = Counter(
            "alliance_requests_refused",
            "Requests refused before any door: over a limit, or of a caller who may not call.",
            ("reason",),
            registry=registry,
        )
        self._attempts = Counter(
            "alliance_attempts",
            "Exchanges with the EHR about a delivery.",
            ("clinic", "kind", "outcome"),
            registry=registry,
        )
        self._exchanges = Histogram(
            "alliance_ehr_exchange_seconds",
            "Exchanges with the EHR, by method and class of status; 'none' where no answer came.",
            ("clinic", "method", "status"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._turns = Gauge(
            "alliance_thread_turn_timestamp_seconds",
            "When a thread of the worker last began a turn; it does so every few seconds.",
            ("clinic", "thread"),
            registry=registry,
        )
        self._store_errors = Counter(
            "alliance_database_errors",
            "What the database did not do, by kind.",
            ("error",),
            registry=registry,
        )
        self._ehr_clock = Gauge(
            "alliance_ehr_clock_ahead_seconds",
            "How far the EHR's clock is ahead of ours, by its last answer to this process.",
            ("clinic",),
            registry=registry,
        )

    def of(self, clinic: str) -> "Figures":
        """Return the same counts, for what is one clinic's."""
        view = copy(self)
        view._clinic = clinic  # noqa: SLF001 - it is one of ours
        return view

    def request_begins(self) -> None:
        """Count a request that is under way until ``request_ends``."""
        self._under_way.inc()

    def request_ends(
        self, method: str, route: str, status: int, seconds: float, *, request_id: str, parent: str
    ) -> None:
        """Count an answered request; status 0: the caller went before. ``parent``: see ``traces.py``."""
        self._under_way.dec()
        if self._traces:
            self._traces.tell_request(method, route, status, seconds, request_id=request_id, parent=parent)
        self._requests.labels(method, route, _status_class(status)).observe(seconds)

    def count_refused(self, reason: str) -> None:
        """Count a request that the gate refused, by its reason word."""
        self._refused.labels(reason).inc()

    def count_attempt(self, kind: str, outcome: str) -> None:
        """Count one exchange about a delivery: a write or a search, and what it came to."""
        self._attempts.labels(self._clinic, kind, outcome).inc()

    def note_exchange(self, method: str, status: int, seconds: float, told: str, now: datetime) -> None:
        """Count one exchange with the EHR; status 0: no answer. ``told`` is its Date header, ``now`` ours."""
        self._exchanges.labels(self._clinic, method, _status_class(status)).observe(seconds)
        if self._traces:
            self._traces.tell_exchange(method, status, seconds)
        try:
            there = parsedate_to_datetime(told)
        except ValueError:
            return
        if there.tzinfo is not None:
            self.ehr_clock_ahead_seconds = (there - now).total_seconds()
            self._ehr_clock.labels(self._clinic).set(self.ehr_clock_ahead_seconds)

    def note_turn(self, thread: str) -> None:
        """Keep that a thread of the worker lives."""
        self._turns.labels(self._clinic, thread).set_to_current_time()

    def count_store_error(self, error: BaseException) -> None:
        """Count what the database did not do."""
        self._store_errors.labels(type(error).__name__).inc()


def _status_class(status: int) -> str:
    """Return ``2xx`` for 201, and 'none' for 0."""
    return f"{status // 100}xx" if status else "none"
