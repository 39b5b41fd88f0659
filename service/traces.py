"""Traces by OpenTelemetry, where the standard variables ask for them and the extra ``otel`` is installed.

A span is made when what it tells of is over, from what was measured anyway: nothing is wrapped, and nothing
can get into it but a method, a route template, a status, a time and a request's id.
"""

import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from service import VERSION
from service.errors import SettingsRefused

# Either names where traces go (opentelemetry.io/docs/specs/otel/protocol/exporter).
ASKED_BY = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_NANOSECONDS = 1_000_000_000
_FAILED = 500


class Traces:
    """Makes spans with one tracer."""

    def __init__(self, tracer: Any) -> None:  # noqa: ANN401 - its library need not be here
        self._tracer = tracer
        self._trace = import_module("opentelemetry.trace")
        self._context = import_module("opentelemetry.trace.propagation.tracecontext")

    def tell_request(
        self, method: str, route: str, status: int, seconds: float, *, request_id: str, parent: str
    ) -> None:
        """Make the span of an answered request; ``parent`` is its header ``traceparent``, or ''."""
        found = self._context.TraceContextTextMapPropagator().extract({"traceparent": parent})
        attributes: dict[str, str | int] = {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
            "alliance.request": request_id,
        }
        kind = self._trace.SpanKind.SERVER
        self._tell(f"{method} {route}", kind, attributes, seconds, is_failed=status >= _FAILED, context=found)

    def tell_exchange(self, method: str, status: int, seconds: float) -> None:
        """Make the span of an exchange with the EHR; status 0: no answer came."""
        attributes: dict[str, str | int] = {"http.request.method": method}
        if status:
            attributes["http.response.status_code"] = status
        kind = self._trace.SpanKind.CLIENT
        self._tell(
            f"EHR {method}", kind, attributes, seconds, is_failed=not 0 < status < _FAILED, context=None
        )

    def _tell(
        self,
        name: str,
        kind: object,
        attributes: Mapping[str, str | int],
        seconds: float,
        *,
        is_failed: bool,
        context: object,
    ) -> None:
        ended = time.time_ns()
        begun = ended - int(seconds * _NANOSECONDS)
        span = self._tracer.start_span(name, context, kind, attributes, start_time=begun)
        if is_failed:
            span.set_status(self._trace.Status(self._trace.StatusCode.ERROR))
        span.end(ended)


def traces_of(environ: Mapping[str, str]) -> Traces | None:
    """Return what the environment asks for; None where it asks for none. Raises ``SettingsRefused``."""
    asked = next((name for name in ASKED_BY if environ.get(name)), None)
    if asked is None or environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        provider = _provider()
    except ImportError as error:
        raise SettingsRefused([f"{asked}: needs the extra: pip install 'alliance-service[otel]'"]) from error
    return Traces(provider.get_tracer("alliance", VERSION))


def _provider() -> Any:  # noqa: ANN401 - its library need not be here
    sdk, export = import_module("opentelemetry.sdk.trace"), import_module("opentelemetry.sdk.trace.export")
    resources = import_module("opentelemetry.sdk.resources")
    otlp = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    # Name and further attributes of OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come before ours.
    named = resources.Resource({"service.name": "alliance"}).merge(resources.OTELResourceDetector().detect())
    provider = sdk.TracerProvider(resource=named)
    provider.add_span_processor(export.BatchSpanProcessor(otlp.OTLPSpanExporter()))
    return provider
