"""What /v1 takes and gives about attendance, for the OpenAPI description alone."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["attended", "missed", "late-cancelled", "entered-in-error"]
EXAMPLE_ATTENDANCE: dict[str, Any] = {
    "status": "missed",
    "patient": "Patient/anna",
    "therapist": "Practitioner/ada",
    "session_date": "2026-02-23",
    "identifier": "urn:clinic:north|a-19",
}


class AttendanceBody(BaseModel):
    """Whether a client came to one appointment."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE_ATTENDANCE]})

    status: Status = Field(description="`entered-in-error` in a correction: it counts no longer.")
    patient: str = Field(
        pattern=r"^(https?://\S+/)?Patient/[A-Za-z0-9\-.]{1,64}$",
        description="FHIR reference of the patient in the EHR.",
    )
    session_date: str = Field(description="When it was to be.", json_schema_extra={"format": "date"})
    identifier: str = Field(
        pattern=r"^[^\s|]+\|.+$",
        description="The caller's own, as `system|value`: makes sending it again safe.",
    )
    therapist: str | None = Field(
        None, description="Practitioner or PractitionerRole, as in the responses of that therapy."
    )
    session_number: int | None = Field(None, ge=1, le=9999, description="As in the session's responses.")
    encounter: str | None = Field(None, description="FHIR reference of the Encounter.")


class AttendanceAnswer(BaseModel):
    """One appointment in its current version."""

    id: str
    version: int
    status: Status
    patient: str
    therapist: str | None
    session_date: str
    session_number: int | None
    encounter: str | None
    identifier: str
    received_at: str
    updated_at: str


class AttendanceList(BaseModel):
    """One page of a patient's appointments by session date, those entered in error too."""

    items: list[AttendanceAnswer]
    next: str | None = Field(description="Hand it back as `after` for the next page; null on the last one.")
