"""What was asked and changed here, as AuditEvents."""

from dataclasses import dataclass

from fhir_mappings.audit import AuditFacts, to_audit_event
from service.api.fhir.answers import Shown, ShownPage
from service.api.fhir.search_request import SearchRequest
from service.api.fhir.work_sources import chart_search, shown_page
from service.errors import NotFound
from service.flows.deployment import Deployment
from service.flows.read_audit import find_audited, search_audit
from service.flows.search_chart import NO_SUCH
from service.store.sight import WHOLE_SIGHT, Sight


@dataclass(frozen=True, slots=True)
class AuditEvents:
    """The rows of the audit, for who sees all of a clinic; asking for them makes rows as well."""

    deployment: Deployment
    sight: Sight = WHOLE_SIGHT

    def read(self, resource_id: str) -> Shown:
        """Return one event; raises ``NotFound``."""
        if not self.sight.is_whole:
            raise NotFound(NO_SUCH)
        return self._show(find_audited(self.deployment, self.deployment.clinic, resource_id))

    def read_version(self, resource_id: str, version: str) -> Shown:
        """Return the one version that an event has; raises ``NotFound``."""
        if version != "1":
            raise NotFound(NO_SUCH)
        return self.read(resource_id)

    def search(self, asked: SearchRequest) -> ShownPage:
        """Return one page, by the moment of recording."""
        found = search_audit(self.deployment, self.deployment.clinic, chart_search(asked, self.sight))
        return shown_page(found, self._show)

    def _show(self, facts: AuditFacts) -> Shown:
        resource = to_audit_event(facts, self.deployment.names)
        return Shown(resource, "1", facts.recorded, facts.patient or "")
