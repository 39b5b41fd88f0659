"""What /v1 answers about forms that were filled in the EHR, for the OpenAPI description alone."""

from typing import Literal

from pydantic import BaseModel, Field


class InboundFault(BaseModel):
    """One thing that is wrong with a form; no value of it is repeated."""

    at: str = Field(description="A FHIRPath in the EHR's response.")
    reason: str
    message: str


class InboundAnswer(BaseModel):
    """One version of a QuestionnaireResponse of the EHR's, and what became of it."""

    id: str
    version: int
    origin: Literal["ehr", "fhir"] = Field(
        description="`fhir`: sent to us, and the EHR is asked who the patient is."
    )
    ehr: str
    ehr_reference: str | None = Field(description="Where it is in the EHR.")
    ehr_version: str
    state: Literal["due", "taken", "parked", "superseded", "discarded"]
    reason: str | None = Field(description="Why it is parked.")
    faults: list[InboundFault]
    response: str | None = Field(description="The response that it became here.")
    discard_reason: str | None
    tries: int
    received_at: str
    updated_at: str


class InboundList(BaseModel):
    """One page in the order of coming."""

    items: list[InboundAnswer]
    next: str | None = Field(description="Hand it back as `after` for the next page; null on the last one.")
