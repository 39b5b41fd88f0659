"""What /v1 takes and gives of the end of a treatment, for the OpenAPI description alone."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from service.api.v1.act_models import PERSON
from service.store.treatment_ends import EndReason, EndSource

EXAMPLE_END: dict[str, Any] = {
    "therapist": "Practitioner/ada",
    "date": "2026-03-02",
    "reason": "planned",
    "by": "Practitioner/ada",
}
_THERAPIST = "As in the responses of that therapy; left out where these name none."
_BY = "Who tells it: the FHIR reference of a Practitioner or PractitionerRole."


class TreatmentEndBody(BaseModel):
    """That a treatment ended; the whole of it, nothing is kept of what was told before."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE_END]})

    therapist: str | None = Field(None, description=_THERAPIST)
    date: str = Field(
        description="When it ended; a session after it means that treatment went on.",
        json_schema_extra={"format": "date"},
    )
    reason: EndReason = Field(
        description="`client-left`: the client stayed away or broke it off; drop-out figures count it still."
    )
    by: str = Field(pattern=PERSON, description=_BY)


class TreatmentEndWithdrawal(BaseModel):
    """That an end was told wrongly, or treatment goes on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"therapist": "Practitioner/ada", "by": "Practitioner/ada"}]},
    )

    therapist: str | None = Field(None, description=_THERAPIST)
    by: str = Field(pattern=PERSON, description=_BY)


class EndAnswer(BaseModel):
    """The end of a treatment that nothing speaks against."""

    date: str
    reason: EndReason


class TreatmentEndAnswer(EndAnswer):
    """The end of one treatment as it was told last."""

    patient: str
    therapist: str | None
    by: str | None = Field(description="Null where the EHR or an import told it.")
    source: EndSource
    told_at: str
    stands: bool
    went_on: str | None = Field(description="The last session, where it lies after the date.")


class TreatmentEndList(BaseModel):
    """The ends told of a patient, at most one for each therapist, by date."""

    items: list[TreatmentEndAnswer]
