"""The audit's rows of commands: whoever may start one on this machine, under one name."""

from service.clock import as_instant
from service.flows.deployment import Access, Action, Deployment
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.database import Database

CALLER = "command line"
REQUEST = "command-line"
OK = 200


def command_access(clinic: str, act: str, action: Action = "E") -> Access:
    """Return who asks by a command, as the audit keeps it; ``act`` is its name and act, no argument."""
    return Access(clinic, CALLER, act, action, REQUEST)


def audit_command(deployment: Deployment, access: Access, subject: str = "", patient_key: str = "") -> None:
    """Add the row of a command that read or made something; those that act on it have rows of their own."""
    row = audit_row(access, as_instant(deployment.clock()), OK, subject, patient_key=patient_key)
    with deployment.database.write() as tx:
        add_audit(tx, row)


def audit_command_beside(database: Database, access: Access, now: str) -> None:
    """Add the row of a command that works for the whole database, to the clinic that ``access`` names."""
    with database.of(access.clinic).write() as tx:
        add_audit(tx, audit_row(access, now, OK, ""))
