"""What CDS Hooks says and is answered, for the OpenAPI description alone."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

USER = r"^(Practitioner|PractitionerRole|Patient|RelatedPerson)/[A-Za-z0-9\-.]{1,64}$"
LOGICAL_ID = r"^[A-Za-z0-9\-.]{1,64}$"
MOST_FEEDBACK = 100
LONGEST_WORDS = 4000
_HOOK_INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"


class HookContext(BaseModel):
    """Who opens whose chart."""

    userId: str = Field(
        pattern=USER, description="Who is at work: a Practitioner or PractitionerRole gets cards."
    )
    patientId: str = Field(pattern=LOGICAL_ID)
    encounterId: str | None = Field(None, pattern=LOGICAL_ID, description="Required by `encounter-start`.")


class HookRequest(BaseModel):
    """One call of a service; what else the specification allows is taken, and neither used nor kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "hook": "patient-view",
                    "hookInstance": _HOOK_INSTANCE,
                    "context": {"userId": "Practitioner/ada", "patientId": "anna"},
                }
            ]
        }
    )

    hook: Literal["patient-view", "encounter-start"]
    hookInstance: str = Field(json_schema_extra={"format": "uuid"})
    fhirServer: str | None = Field(None, description="Base of the FHIR server that the ids are of.")
    context: HookContext
    prefetch: dict[str, Any] | None = Field(
        None, description="`patient` and `encounter`, where the EHR sends them."
    )


class Coding(BaseModel):
    """A code with its words."""

    system: str
    code: str
    display: str


class Source(BaseModel):
    """Whose guidance a card is."""

    label: str


class Suggestion(BaseModel):
    """What the reader may do: say that they have seen it. It has no action in the EHR."""

    label: str
    uuid: str


class Link(BaseModel):
    """The clinician's page."""

    label: str
    url: str
    type: Literal["smart"]
    appContext: str = Field(description="JSON with the id of the alert, or `{}`.")


class CardAnswer(BaseModel):
    """One card."""

    uuid: str
    summary: str = Field(max_length=139)
    detail: str
    indicator: Literal["info", "warning"]
    source: Source
    suggestions: list[Suggestion]
    selectionBehavior: Literal["at-most-one"]
    overrideReasons: list[Coding] | None = None
    links: list[Link] | None = None


class CardsAnswer(BaseModel):
    """The cards, most times none."""

    cards: list[CardAnswer]


class ServiceAnswer(BaseModel):
    """One service."""

    hook: str
    id: str
    title: str
    description: str
    prefetch: dict[str, str]


class ServicesAnswer(BaseModel):
    """Every service."""

    services: list[ServiceAnswer]


class AcceptedSuggestion(BaseModel):
    """Which suggestion of a card was accepted."""

    id: str


class ReasonCoding(BaseModel):
    """A reason for overriding; one of the card's, or the EHR's own."""

    system: str | None = None
    code: str


class OverrideReason(BaseModel):
    """Why a card was overridden."""

    reason: ReasonCoding | None = None
    userComment: str | None = Field(
        None, max_length=LONGEST_WORDS, description="Kept with one of our reasons, else not."
    )


class FeedbackEntry(BaseModel):
    """What somebody did with one card."""

    card: str = Field(json_schema_extra={"format": "uuid"})
    outcome: Literal["accepted", "overridden"]
    acceptedSuggestions: list[AcceptedSuggestion] | None = None
    overrideReason: OverrideReason | None = None
    outcomeTimestamp: str = Field(json_schema_extra={"format": "date-time"})


class FeedbackBody(BaseModel):
    """What people did with cards."""

    feedback: list[FeedbackEntry] = Field(min_length=1, max_length=MOST_FEEDBACK)
