"""GET /metrics on a port of its own, in the words of Prometheus. Numbers only, nothing about patients."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial

from prometheus_client import CollectorRegistry, Counter, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.flows.deployment import Deployment
from service.flows.measure_deliveries import measure_deliveries
from service.ledger import State


class Metrics:
    """The figures of one process and its database. ``serve`` them, and ``close`` at the end."""

    def __init__(self, deployments: Sequence[Deployment]) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Deliveries(deployments))
        self._attempts = Counter(
            "alliance_attempts",
            "Exchanges with the EHR about a delivery, by this process.",
            ("clinic", "kind", "outcome"),
            registry=self.registry,
        )
        self._serving = ExitStack()

    def counter_of(self, clinic: str) -> Callable[[str, str], None]:
        """Return what counts one exchange of a clinic's: a write or a search, and what it came to."""
        return partial(self._count_attempt, clinic)

    def _count_attempt(self, clinic: str, kind: str, outcome: str) -> None:
        self._attempts.labels(clinic, kind, outcome).inc()

    def serve(self, host: str, port: int) -> None:
        """Answer on this address, in a thread of its own. Raises ``OSError`` where it cannot be taken."""
        server, thread = start_http_server(port, host, self.registry)
        self._serving.callback(thread.join)
        self._serving.callback(server.server_close)
        self._serving.callback(server.shutdown)

    def close(self) -> None:
        """Stop answering."""
        self._serving.close()


class _Deliveries(Collector):
    """Reads the ledger whenever it is asked: all processes of one database tell the same."""

    def __init__(self, deployments: Sequence[Deployment]) -> None:
        self._deployments = deployments

    def describe(self) -> list[Metric]:
        """Return nothing: so the registry need not ask the database before the first look."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give the figures of this moment."""
        states = GaugeMetricFamily("alliance_deliveries", "Deliveries by state.", labels=("clinic", "state"))
        oldest = GaugeMetricFamily(
            "alliance_oldest_delivery_seconds",
            "Age of the oldest delivery that still goes on by itself.",
            labels=("clinic",),
        )
        paused = GaugeMetricFamily(
            "alliance_ehr_breaker_open",
            "1 while deliveries are paused because the EHR is in trouble.",
            labels=("clinic",),
        )
        for deployment in self._deployments:
            clinic, found = deployment.clinic, measure_deliveries(deployment, deployment.clinic)
            for state in State:
                states.add_metric((clinic, state.value), found.by_state.get(state, 0))
            oldest.add_metric((clinic,), found.oldest_seconds)
            paused.add_metric((clinic,), float(found.ehr_in_trouble))
        yield from (states, oldest, paused)
