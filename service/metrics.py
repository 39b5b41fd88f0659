"""GET /metrics on a port of its own, in the words of Prometheus. Numbers only, nothing about patients."""

from collections.abc import Iterator
from contextlib import ExitStack

from prometheus_client import start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.errors import StoreError
from service.flows.deployment import Deployment
from service.flows.measure_deliveries import DeliveryFigures, measure_deliveries
from service.flows.measure_use import UseFigures, measure_use
from service.ledger import State

_SEVERITIES = ("possible", "marked")


class Metrics:
    """The figures of one process and its database. ``serve`` them, and ``close`` at the end."""

    def __init__(self, deployment: Deployment) -> None:
        self.registry = deployment.figures.registry
        self.registry.register(_Stored(deployment))
        self._serving = ExitStack()

    def serve(self, host: str, port: int) -> None:
        """Answer on this address, in a thread of its own. Raises ``OSError`` where it cannot be taken."""
        server, thread = start_http_server(port, host, self.registry)
        self._serving.callback(thread.join)
        self._serving.callback(server.server_close)
        self._serving.callback(server.shutdown)

    def close(self) -> None:
        """Stop answering."""
        self._serving.close()


class _Stored(Collector):
    """Reads the database whenever it is asked: all processes of one database tell the same."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def describe(self) -> list[Metric]:
        """Return nothing: so the registry need not ask the database before the first look."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give the figures of this moment; without the database only that it is away."""
        try:
            delivered = measure_deliveries(self._deployment, self._deployment.clinic)
            used = measure_use(self._deployment)
        except StoreError as error:
            self._deployment.figures.count_store_error(error)
            yield _database_up(is_up=False)
            return
        yield _database_up(is_up=True)
        yield from _of_deliveries(delivered)
        yield from _of_use(used)


def _database_up(*, is_up: bool) -> Metric:
    return GaugeMetricFamily("alliance_database_up", "1 while the database answers.", float(is_up))


def _of_deliveries(found: DeliveryFigures) -> Iterator[Metric]:
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


def _of_use(found: UseFigures) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "alliance_recorded", "Versions of responses recorded, corrections included.", found.recorded
    )
    live = GaugeMetricFamily("alliance_live_alerts", "Alerts that are live.", labels=("severity",))
    for severity in _SEVERITIES:
        live.add_metric((severity,), found.live_alerts.get(severity, 0))
    yield live
    yield GaugeMetricFamily(
        "alliance_alert_notices_30d", "Notices of alerts in the last 30 days.", found.notices
    )
    yield GaugeMetricFamily(
        "alliance_rated_sessions_30d", "Sessions rated in time in the last 30 days.", found.rated_sessions
    )
    yield GaugeMetricFamily(
        "alliance_alert_notices_per_100_sessions",
        "Notices for each hundred sessions rated in the last 30 days; 0 where none was.",
        found.per_100 or 0.0,
    )
    yield GaugeMetricFamily(
        "alliance_alert_budget_per_100_sessions", "What is budgeted of them.", found.budget_per_100
    )
    yield GaugeMetricFamily(
        "alliance_database_clock_ahead_seconds",
        "How far the database's clock is ahead of ours; 0 where it has none of its own.",
        found.clock_ahead_seconds or 0.0,
    )
