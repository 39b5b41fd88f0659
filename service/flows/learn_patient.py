"""Whether a patient stands in the EHR or was replaced there: then the two are one here as well."""

from contextlib import suppress

from service.errors import EhrError, EhrUnreadable, NotFound, RequestRefused
from service.flows.find_patient import read_patient
from service.flows.intake import Intake
from service.flows.lane import Standing
from service.flows.merge_patients import merge_patients
from service.store.inbound import Replaced, keep_replacement

# What an answer with this status says of one record alone; all else is the whole EHR's trouble.
OF_ONE_RECORD = ("status-400", "status-403", "status-422", "not-the-resource", "patients-in-a-circle")


def learn_patient(intake: Intake, patient_id: str) -> Standing:
    """Return how a patient stands in the EHR, asked once now; whom it replaced is merged here.

    Where the EHR does not answer or does not show the record, nothing is known against it: it stands.
    """
    try:
        chain = read_patient(intake.client, patient_id)
    except EhrError as error:
        code = error.code if isinstance(error, EhrUnreadable) else ""
        return Standing.GONE if code == OF_ONE_RECORD[-1] else Standing.STANDS
    if not chain:
        return Standing.GONE
    if len(chain) == 1:
        return Standing.STANDS
    try:
        merge_replaced(intake, chain)
    except RequestRefused:
        return Standing.ENTANGLED
    return Standing.REPLACED


def merge_replaced(intake: Intake, chain: tuple[str, ...]) -> None:
    """Let all whom the EHR replaced count for the last one, and name that one to the EHR from now on.

    Raises what ``merge_patients`` does, but for a patient of whom nothing is here.
    """
    deployment, base = intake.deployment, intake.client.base_url
    for left in chain[:-1]:
        names = f"Patient/{left}", f"Patient/{chain[-1]}"
        with suppress(NotFound):
            merge_patients(deployment, *names, f"EHR {intake.ehr}", intake.access("U"))
        with deployment.database.write() as tx:
            for known_as in (names[0], f"{base}/{names[0]}"):
                replaced = Replaced(known_as, names[1])
                keep_replacement(tx, intake.clinic, intake.ehr, replaced, intake.now())
