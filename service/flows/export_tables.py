"""Write a clinic's flat tables for whoever analyses elsewhere, and say in the audit that it was done."""

from pathlib import Path

from service.flows.audit_command import audit_command
from service.flows.deployment import Access, Deployment
from service.flows.write_flat_tables import write_flat_tables


def export_tables(deployment: Deployment, folder: Path, access: Access, since: str | None = None) -> int:
    """Write every table into an empty folder; return how many patients nothing may be shared of.

    With ``since``, an instant, only patients of whom anything changed after it.
    """
    audit_command(deployment, access)
    with deployment.database.read() as tx:
        return write_flat_tables(tx, deployment, folder, since)
