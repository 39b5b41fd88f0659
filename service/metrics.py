"""GET /metrics on a port of its own, in the words of Prometheus. Numbers only, nothing about patients."""

from collections.abc import Iterator
from contextlib import ExitStack

from prometheus_client import CollectorRegistry, Counter, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.flows.deployment import Deployment
from service.flows.measure_deliveries import measure_deliveries
from service.ledger import State


class Metrics:
    """The figures of one process and its database. ``serve`` them, and ``close`` at the end."""

    def __init__(self, deployment: Deployment) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Deliveries(deployment))
        self._attempts = Counter(
            "alliance_attempts",
            "Exchanges with the EHR about a delivery, by this process.",
            ("kind", "outcome"),
            registry=self.registry,
        )
        self._serving = ExitStack()

    def count_attempt(self, kind: str, outcome: str) -> None:
        """Count one exchange: a write or a search, and what it came to."""
        self._attempts.labels(kind, outcome).inc()

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

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._clinic = deployment.clinic

    def describe(self) -> list[Metric]:
        """Return nothing: so the registry need not ask the database before the first look."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give the figures of this moment."""
        found = measure_deliveries(self._deployment, self._clinic)
        states = GaugeMetricFamily("alliance_deliveries", "Deliveries by state.", labels=("state",))
        for state in State:
            states.add_metric((state.value,), found.by_state.get(state, 0))
        yield states
        yield GaugeMetricFamily(
            "alliance_oldest_delivery_seconds",
            "Age of the oldest delivery that still goes on by itself.",
            found.oldest_seconds,
        )
        yield GaugeMetricFamily(
            "alliance_ehr_breaker_open",
            "1 while deliveries are paused because the EHR is in trouble.",
            float(found.ehr_in_trouble),
        )
