"""Spans, where OpenTelemetry's SDK is installed (the extra ``otel``)."""

import sys
from dataclasses import replace

import pytest

from service.app import create_app
from service.errors import SettingsRefused
from service.figures import Figures
from service.log import Log
from service.traces import Traces, traces_of
from tests.conftest import BASE_URL, NOW, TestClient

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NEEDS_SDK = "the extra otel is not installed"


@pytest.fixture
def spans():
    """Returns traces and where their spans go."""
    sdk = pytest.importorskip("opentelemetry.sdk.trace", reason=NEEDS_SDK)
    export = pytest.importorskip("opentelemetry.sdk.trace.export", reason=NEEDS_SDK)
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter", reason=NEEDS_SDK)
    exporter, provider = memory.InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    return Traces(provider.get_tracer("test")), exporter


def test_a_request_is_a_span_of_its_route_template_and_nothing_more(deployment, log_stream, spans):
    traces, exporter = spans
    app = create_app(replace(deployment, figures=Figures(traces)), Log(log_stream))
    with TestClient(app, base_url=BASE_URL) as client:
        headers = {"traceparent": PARENT, "X-Request-Id": "r-1"}
        client.get("/fhir/QuestionnaireResponse/Canary?patient=Canary", headers=headers)
    (span,) = exporter.get_finished_spans()

    assert span.name == "GET /fhir/QuestionnaireResponse/{logical_id}"
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "http.route": "/fhir/QuestionnaireResponse/{logical_id}",
        "http.response.status_code": 404,
        "alliance.request": "r-1",
    }
    assert f"{span.context.trace_id:032x}" == PARENT.split("-")[1]
    assert "Canary" not in span.to_json()


def test_an_exchange_with_the_ehr_is_a_span_without_its_address(spans):
    traces, exporter = spans
    figures = Figures(traces)
    figures.note_exchange("GET", 200, 0.5, "", NOW)
    figures.note_exchange("POST", 0, 0.5, "", NOW)
    well, silent = exporter.get_finished_spans()

    assert (well.name, well.end_time - well.start_time) == ("EHR GET", 500_000_000)
    assert dict(silent.attributes) == {"http.request.method": "POST"}
    assert (well.status.is_ok, silent.status.is_ok) == (True, False)


@pytest.mark.parametrize(
    "environ", [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}]
)
def test_nothing_is_traced_unless_asked_for(environ):
    assert traces_of(environ) is None


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(SettingsRefused) as refused:
        traces_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"})

    assert refused.value.faults[0].startswith("OTEL_EXPORTER_OTLP_ENDPOINT: needs the extra")
