"""Ask the EHR whose each PractitionerRole is: a therapist is one person under all of their roles."""

from datetime import timedelta

from fhir_mappings.practitioner_role import practitioner_of_role
from service.clock import as_instant
from service.errors import EhrUnreadable
from service.flows.intake import Intake
from service.flows.patient_references import relative_to
from service.store.roles import ROLE, put_role, roles_to_ask

# A role changes hands hardly ever, and who no longer holds it must lose sight of its dyads.
_AGAIN = timedelta(days=1)
_PER_PASS = 20
# What an answer with this status says of one record alone; all else is the whole EHR's trouble.
_OF_ONE_RECORD = ("status-400", "status-403", "status-422", "not-the-resource")


def learn_roles(intake: Intake) -> int:
    """Return how many roles turned out to be somebody's, of at most twenty that were asked about.

    What is known of a role that the EHR shows no longer stays: its dyads are still those of the same person.
    One that it shows without a Practitioner is nobody's any more.
    Raises ``EhrError`` where the EHR does not answer: what is left is asked the next time.
    """
    before = as_instant(intake.deployment.clock() - _AGAIN)
    with intake.deployment.database.read() as tx:
        wanted = roles_to_ask(tx, intake.clinic, before, _PER_PASS)
    learnt = 0
    for role, known in wanted:
        learnt += learn_role(intake, role, known) not in ("", known)
        intake.still()
    return learnt


def learn_role(intake: Intake, role: str, known: str = "") -> str:
    """Return whose a role is, '' where nobody's, asked once now; ``known`` is whose it was so far.

    Raises ``EhrError`` where the EHR does not answer.
    """
    told = _ask(intake, role)
    practitioner = known if told is None else told
    with intake.deployment.database.write() as tx:
        put_role(tx, intake.clinic, role, practitioner, intake.now())
    return practitioner


def _ask(intake: Intake, role: str) -> str | None:
    """Return the Practitioner of a role as kept here, '' where it names none; None where it is not shown."""
    try:
        found = intake.client.read("PractitionerRole", role.removeprefix(ROLE))
    except EhrUnreadable as error:
        if error.code not in _OF_ONE_RECORD:
            raise
        return None
    return relative_to(intake.client.base_url, practitioner_of_role(dict(found.resource))) if found else None
