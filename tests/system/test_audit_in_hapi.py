"""The official validator on every kind of AuditEvent, and on every security label."""

import pytest

from fhir_mappings.audit import to_audit_event
from fhir_mappings.codes import Names
from fhir_mappings.elements import LABELS
from tests.fhir_mappings.test_audit import EVENTS
from tests.system.chart import Chart

pytestmark = pytest.mark.hapi


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_no_error_in_an_event(hapi_chart: Chart, name: str) -> None:
    assert hapi_chart.validation_errors(to_audit_event(EVENTS[name], Names())) == []


@pytest.mark.parametrize("code", LABELS)
def test_no_error_in_a_label(hapi_chart: Chart, code: str) -> None:
    names = Names(labels=(code,))
    assert hapi_chart.validation_errors(to_audit_event(EVENTS["read"], names)) == []
