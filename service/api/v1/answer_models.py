"""What /v1 answers about responses, trends and alerts, for the OpenAPI description alone."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fhir_mappings.alert_states import AlertStatus
from service.api.v1.guidance_models import OfferAnswer
from service.api.v1.models import Answer, Number, Perspective, Severity
from service.api.v1.treatment_end_models import EndAnswer
from service.api.v1.words_models import ContextAnswer, OwnWordsAnswer

Tier = Literal["watch", "possible", "marked"]
StrainType = Literal["unknown", "withdrawal", "confrontation", "mixed"]
ResponseStatus = Literal["in-progress", "stopped", "completed", "amended", "entered-in-error"]
EXAMPLE_RECEIPT: dict[str, Any] = {
    "id": "8f0c0c44-3d0b-4f43-9a57-0d9b3c1f7a10",
    "version": 1,
    "instrument": "srs-3",
    "perspective": "client",
    "complete": True,
    "scores": {"total": 36.3},
    "score_basis": {"total": {"answered": 4, "of": 4, "prorated": False}},
    "derived_scores": {},
    "provisional": None,
    "straight_lined": False,
    "clinical_range": [],
    "check_in_prompts": [{"rule": "item-9", "item": "item-3", "score": 8.7}],
    "alerts": [],
    "deliveries": ["3b1f9a52-6a3e-4a0e-8f1c-52d6f0a0c9de"],
    "shared_identifier": False,
}


class PromptAnswer(BaseModel):
    """A cut-off that was crossed: worth a word with the client; never an alert."""

    rule: str
    item: str | None = Field(description="The link id, for a rule about single marks.")
    score: Number


class LimitAnswer(BaseModel):
    """A published limit of an outcome form that a score lies below; no prompt, and never an alert."""

    limit: str
    score: Number
    value: Number


class BasisAnswer(BaseModel):
    """How many of a score's items were answered; `prorated`: it was computed for all of them."""

    answered: int
    of: int
    prorated: bool


class FallenAnswer(BaseModel):
    """The item or subscale that lost most points since the rating before."""

    part: str = Field(description="Link id of the item, or id of the subscale.")
    name: str
    before: Number
    now: Number


class MarkingAnswer(BaseModel):
    """Where the limit of another rule than the default lay: it marked a rating of `limit` and less."""

    rule: str
    limit: Number
    mean: Number = Field(description="Of the ratings before.")
    last: Number = Field(description="The rating before.")


class EvidenceAnswer(BaseModel):
    """One rating that signalled, in its instrument's points; `z` in predictive spreads."""

    instrument: str
    response: str
    response_version: int
    session_number: int | None
    session_date: str
    level: Literal["D"] = Field(description="What kind of sign it is; D: scores only.")
    score: Number
    usual_low: Number
    usual_high: Number
    fall: Number | None
    z: Number | None
    earlier_ratings: int
    norms: str = Field(description="The norm by which it was judged: the one in force when it came in.")
    fell_most: FallenAnswer | None = Field(None, description="null: no part fell, or none is known.")
    marked_by: MarkingAnswer | None = Field(
        None, description="Absent for the default rule, which has the usual range; other figures are its own."
    )


class EvidenceNow(EvidenceAnswer):
    """The same rating as it is now."""


class ShownEvidence(EvidenceAnswer):
    """One rating that signalled; ``now`` only where the ratings no longer support the alert."""

    now: EvidenceNow | None = Field(None, description="null: withdrawn, or another dyad's.")


class ReportedAnswer(BaseModel):
    """What a person said of strain in a session; marks from 1 to 5, null where left blank."""

    kind: Literal["self-report", "check-in", "checklist"] = Field(
        description="Of a check-in `strain` is: the work was marked as not on track."
    )
    by: Literal["client", "therapist", "observer"]
    strain: bool
    intensity: int | None = Field(description="Of a checklist: its strongest sign.")
    resolution: int | None
    type: StrainType = Field(description="What the signs of a checklist name; else `unknown`.")


class ReportEvidence(BaseModel):
    """One report; `level` A: an observer's marks; B: said by client or therapist."""

    instrument: str
    response: str
    response_version: int
    session_number: int | None
    session_date: str
    level: Literal["A", "B"]
    reported: ReportedAnswer


class ShownReport(ReportEvidence):
    """One report; ``now`` only where the alert is no longer supported."""

    now: ReportEvidence | None = Field(None, description="null: withdrawn, or another dyad's.")


class AlertAnswer(BaseModel):
    """One rupture alert: possible strain seen in scores, or strain that somebody reported."""

    id: str
    version: int
    patient: str
    therapist: str | None
    status: AlertStatus = Field(description="What people did; `closed-by-scores`: nobody had touched it.")
    score_course: Literal["low", "recovered", "not-recovered"] = Field(
        description="What the scores did; of a reported strain, what later reports said."
    )
    severity: Severity
    live: bool = Field(description="Whether it still asks for attention; one live alert per dyad.")
    historical: bool = Field(description="Raised by late data only: never delivered.")
    session_number: int | None
    session_date: str
    response: str = Field(description="The response that opened it.")
    raised_at: str
    updated_at: str
    type: StrainType = Field(description="Never from scores: a checklist says it.")
    type_source: Literal["none", "observer-3RS", "client-report", "therapist-report"] = Field(
        description="Who said it; an observer's marks go before a therapist's."
    )
    rule: str = Field(description="`own-baseline`: scores; `reported`: a person's report opened it.")
    method: str
    norms: str = Field(description="`none` for a report.")
    text: str
    supported: bool = Field(
        description="false: the ratings as they are now no longer show it; text and evidence say so."
    )
    owner: str | None = Field(description="Who took it; null: nobody did.")
    dismissal: Literal["not-a-strain", "known-cause", "data-error", "other"] | None
    follows: str | None = Field(description="The alert before, which a person had taken up.")
    evidence: list[ShownEvidence | ShownReport]


class ActAnswer(BaseModel):
    """What a person did, and said: an EHR gets neither the words nor a dismissal's note."""

    act: Literal["acknowledge", "repair-steps", "resolve", "dismiss"]
    version: int = Field(description="The version of the alert that it made.")
    by: str
    at: str
    step: str | None
    outcome: Literal["repaired", "unresolved"] | None
    reason: Literal["not-a-strain", "known-cause", "data-error", "other"] | None
    text: str | None


class ListedAlertAnswer(AlertAnswer):
    """An alert of a list; of a treatment whose end was told it stays, and says so."""

    treatment_end: EndAnswer | None


class AlertWithActsAnswer(ListedAlertAnswer):
    """An alert with every act on it, the first one first."""

    acts: list[ActAnswer]
    shown_severity: Severity = Field(
        description="`marked` too after a missed appointment while it is live; nobody is told anew."
    )
    missed_since: int = Field(description="Appointments since, missed or cancelled late.")
    own_words: list[OwnWordsAnswer] = Field(
        description="What clients wrote on the reports behind it, word for word; no EHR gets it."
    )


class AlertDetailAnswer(AlertWithActsAnswer):
    """An alert with what people did about it, and the part of the guidance that fits."""

    guidance: OfferAnswer


class AlertInContextAnswer(AlertDetailAnswer):
    """An alert as it is read: with what stands beside it in its dyad now, which is no part of its version."""

    context: list[ContextAnswer]


class WatchAnswer(BaseModel):
    """A rating in the tier *watch*, for charts: no alert, so no id, task or delivery."""

    patient: str
    therapist: str | None
    severity: Literal["watch"]
    session_number: int | None
    session_date: str
    response: str
    updated_at: str
    historical: bool
    type: Literal["unknown"]
    type_source: Literal["none"]
    rule: str
    method: str
    norms: str
    evidence: list[EvidenceAnswer]


class AlertList(BaseModel):
    """One page of alerts, the latest change first; watch points, where asked for, after the last alert."""

    items: list[ListedAlertAnswer | WatchAnswer]
    next: str | None = Field(description="Hand it back as `after` for the next page; null on the last one.")


class Receipt(BaseModel):
    """What recording or correcting a response gave."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_RECEIPT]})

    id: str
    version: int
    instrument: str
    perspective: Perspective
    complete: bool = Field(description="No score lacks an answer.")
    scores: dict[str, Number | None] = Field(description="In the instrument's own points; null: no value.")
    score_basis: dict[str, BasisAnswer]
    derived_scores: dict[str, dict[str, Number | None]] = Field(
        description="Instrument id -> scores, of the forms that these answers yield too."
    )
    provisional: str | None = Field(description="Why the scores are provisional; null: they are not.")
    straight_lined: bool = Field(description="All answers alike, on a form with reversed items.")
    check_in_prompts: list[PromptAnswer]
    clinical_range: list[LimitAnswer]
    alerts: list[AlertAnswer] = Field(description="Those that this response opened, raised or raised again.")
    deliveries: list[str]
    shared_identifier: bool = Field(
        description="Another patient is said to have this patient's identifier: searches by it find neither."
    )


class StoredResponse(Receipt):
    """The receipt with everything that was sent."""

    status: ResponseStatus
    instrument_version: str
    patient: str
    therapist: str | None
    respondent: str
    recorded_by: str | None
    encounter: str | None
    session_number: int | None
    session_date: str | None
    authored: str
    language: str | None
    identifier: str | None
    answers: dict[str, Answer]
    updated_at: str
