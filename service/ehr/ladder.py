"""The forms in which an EHR may take a delivery, the best first. Pure."""

from enum import StrEnum


class Rung(StrEnum):
    """One form; what is read by programs comes before what is read by people only."""

    TRANSACTION = "transaction"  # all together, or nothing
    ONE_BY_ONE = "one-by-one"  # the response first, then each score
    OBSERVATIONS = "observations"  # the scores alone
    DOCUMENT = "document"  # a plain-text note as DocumentReference
    COMMUNICATION = "communication"  # the same note as Communication
    RESOURCES = "resources"  # what is no response: one resource after the other
    HELD = "held"  # nothing that this EHR takes


LADDER = (
    Rung.TRANSACTION,
    Rung.ONE_BY_ONE,
    Rung.OBSERVATIONS,
    Rung.DOCUMENT,
    Rung.COMMUNICATION,
)
NOTE_RUNGS = {"DocumentReference": Rung.DOCUMENT, "Communication": Rung.COMMUNICATION}
