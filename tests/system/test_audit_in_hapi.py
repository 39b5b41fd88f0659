"""The official validator on every kind of AuditEvent."""

import pytest

from fhir_mappings.audit import to_audit_event
from fhir_mappings.codes import Names
from tests.fhir_mappings.test_audit import EVENTS
from tests.system.chart import Chart

pytestmark = pytest.mark.hapi


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_no_error_in_an_event(hapi_chart: Chart, name: str) -> None:
    assert hapi_chart.validation_errors(to_audit_event(EVENTS[name], Names())) == []
