"""GET /metrics on a port of its own, in the words of Prometheus. Numbers only, nothing about patients."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack

from prometheus_client import start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.errors import StoreError
from service.flows.deployment import Deployment
from service.flows.measure_deliveries import DeliveryFigures, measure_deliveries
from service.flows.measure_notices import NoticeFigures, measure_notices
from service.flows.measure_use import DatabaseFigures, UseFigures, measure_database, measure_use
from service.ledger import State
from service.store.subscriptions import STATUSES

_SEVERITIES = ("possible", "marked")


class Metrics:
    """The figures of one process and its database. ``serve`` them, and ``close`` at the end."""

    def __init__(self, deployments: Sequence[Deployment]) -> None:
        self.registry = deployments[0].figures.registry
        self.registry.register(_Stored(deployments))
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

    def __init__(self, deployments: Sequence[Deployment]) -> None:
        self._deployments = deployments

    def describe(self) -> list[Metric]:
        """Return nothing: so the registry need not ask the database before the first look."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give the figures of this moment; without the database only that it is away."""
        try:
            told = measure_database(self._deployments[0])
            of_clinics = {
                one.clinic: (measure_deliveries(one, one.clinic), measure_use(one), measure_notices(one))
                for one in self._deployments
            }
        except StoreError as error:
            self._deployments[0].figures.count_store_error(error)
            yield _database_up(is_up=False)
            return
        yield _database_up(is_up=True)
        yield from _of_database(told)
        yield from _of_deliveries({clinic: found for clinic, (found, _, _) in of_clinics.items()})
        yield from _of_use({clinic: found for clinic, (_, found, _) in of_clinics.items()})
        yield from _of_notices({clinic: found for clinic, (_, _, found) in of_clinics.items()})


def _database_up(*, is_up: bool) -> Metric:
    return GaugeMetricFamily("alliance_database_up", "1 while the database answers.", float(is_up))


def _of_database(found: DatabaseFigures) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "alliance_recorded",
        "Versions of responses recorded, of all clinics, corrections included.",
        found.recorded,
    )
    yield GaugeMetricFamily(
        "alliance_database_clock_ahead_seconds",
        "How far the database's clock is ahead of ours; 0 where it has none of its own.",
        found.clock_ahead_seconds or 0.0,
    )


def _of_deliveries(of_clinics: Mapping[str, DeliveryFigures]) -> Iterator[Metric]:
    states = GaugeMetricFamily("alliance_deliveries", "Deliveries by state.", labels=("clinic", "state"))
    for clinic, found in of_clinics.items():
        for state in State:
            states.add_metric((clinic, state.value), found.by_state.get(state, 0))
    yield states
    yield _by_clinic(
        "alliance_oldest_delivery_seconds",
        "Age of the oldest delivery that still goes on by itself.",
        {clinic: found.oldest_seconds for clinic, found in of_clinics.items()},
    )
    yield _by_clinic(
        "alliance_ehr_breaker_open",
        "1 while deliveries are paused because the EHR is in trouble.",
        {clinic: float(found.ehr_in_trouble) for clinic, found in of_clinics.items()},
    )


def _of_use(of_clinics: Mapping[str, UseFigures]) -> Iterator[Metric]:
    live = GaugeMetricFamily("alliance_live_alerts", "Alerts that are live.", labels=("clinic", "severity"))
    for clinic, found in of_clinics.items():
        for severity in _SEVERITIES:
            live.add_metric((clinic, severity), found.live_alerts.get(severity, 0))
    yield live
    yield _by_clinic(
        "alliance_alert_notices_30d",
        "Notices of alerts in the last 30 days.",
        {clinic: found.notices for clinic, found in of_clinics.items()},
    )
    yield _by_clinic(
        "alliance_rated_sessions_30d",
        "Sessions rated in time in the last 30 days.",
        {clinic: found.rated_sessions for clinic, found in of_clinics.items()},
    )
    yield _by_clinic(
        "alliance_alert_notices_per_100_sessions",
        "Notices for each hundred sessions rated in the last 30 days; 0 where none was.",
        {clinic: found.per_100 or 0.0 for clinic, found in of_clinics.items()},
    )
    yield _by_clinic(
        "alliance_alert_budget_per_100_sessions",
        "What is budgeted of them.",
        {clinic: found.budget_per_100 for clinic, found in of_clinics.items()},
    )


def _of_notices(of_clinics: Mapping[str, NoticeFigures]) -> Iterator[Metric]:
    statuses = GaugeMetricFamily(
        "alliance_subscriptions", "FHIR Subscriptions by status.", labels=("clinic", "status")
    )
    for clinic, found in of_clinics.items():
        for status in STATUSES:
            statuses.add_metric((clinic, status), found.by_status.get(status, 0))
    yield statuses
    yield _by_clinic(
        "alliance_oldest_notice_seconds",
        "Age of the oldest event that a Subscription's receiver did not take.",
        {clinic: found.oldest_seconds for clinic, found in of_clinics.items()},
    )


def _by_clinic(name: str, meaning: str, values: Mapping[str, float]) -> Metric:
    gauge = GaugeMetricFamily(name, meaning, labels=("clinic",))
    for clinic, value in values.items():
        gauge.add_metric((clinic,), value)
    return gauge
