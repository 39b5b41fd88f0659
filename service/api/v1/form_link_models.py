"""What /v1 takes and gives about form links, for the OpenAPI description alone."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Layout = Literal["one-page", "one-each"]
EXAMPLE_FORM_LINK: dict[str, Any] = {
    "patient": "Patient/anna",
    "therapist": "Practitioner/ada",
    "session_number": 8,
    "instruments": ["session-check-in-client"],
}


class FormLinkBody(BaseModel):
    """Whose form it is, of which session, which instruments, and how they are shown."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE_FORM_LINK]})

    patient: str = Field(
        pattern=r"^(https?://\S+/)?Patient/[A-Za-z0-9\-.]{1,64}$",
        description="FHIR reference of the patient in the EHR; the page shows nothing of it.",
    )
    instruments: list[str] = Field(
        min_length=1,
        max_length=8,
        description="Ids of client forms, or of carer forms, in the order in which they are filled. Of a"
        " licensed instrument the clinic's own wording must be in use.",
    )
    respondent: str | None = Field(None, description="Who fills a carer form: a RelatedPerson.")
    therapist: str | None = Field(None, description="Practitioner or PractitionerRole of the session.")
    session_number: int | None = Field(None, ge=1, le=9999)
    session_date: str | None = Field(
        None,
        description="Default: the day on which the form is filled.",
        json_schema_extra={"format": "date"},
    )
    encounter: str | None = Field(None, description="FHIR reference of the session's Encounter.")
    another_session: bool = Field(default=False, description="As in a response.")
    age_years: int | None = Field(None, ge=0, le=130)
    site: str | None = None
    team: str | None = None
    approach: str | None = None
    language: str | None = Field(
        None, description="One in which all its instruments are. Default: what the reader's browser asks for."
    )
    wording: dict[str, str] = Field(
        default_factory=dict,
        description="Version of the clinic's own wording by instrument id. Default: the one in use.",
    )
    layout: Layout | None = Field(
        None, description="All questions on one page, or one-each. Default: `ALLIANCE_FORM_LAYOUT`."
    )
    expires_in_minutes: int = Field(default=1440, ge=5, le=43_200)


class FormOutcome(BaseModel):
    """What one form of a link came to."""

    response: str = Field(description="The id of the response.")
    recorded: bool = Field(
        description="false: the session had been rated on this instrument already, by that response."
    )


class FormLinkAnswer(BaseModel):
    """A form link as it stands."""

    id: str
    state: Literal["open", "used", "revoked", "expired"]
    patient: str
    respondent: str
    therapist: str | None
    encounter: str | None
    session_number: int | None
    session_date: str | None
    instruments: list[str]
    forms: list[str] = Field(description="Each form with the version of its words: `srs-3-north|1.2.0`.")
    language: str | None
    layout: Layout
    created_at: str
    expires_at: str
    code_until: str = Field(description="Until when the code opens it; at most twelve hours.")
    closed_at: str | None
    responses: dict[str, FormOutcome] = Field(
        description="By instrument id, once the link is used; a form left blank is not among them."
    )


class NewFormLink(FormLinkAnswer):
    """A new form link. Link and code are told here, and never again."""

    link: str = Field(description="The address of the form, for the client's own device.")
    code: str = Field(description="To be typed at `/form/kiosk` on a shared tablet.")
    kiosk: str = Field(description="The address of that page.")
