"""What /v1 takes and gives, for the OpenAPI description alone: nothing is parsed or answered with these."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Perspective = Literal["client", "therapist", "observer", "carer"]
Role = Literal["alliance", "outcome", "rupture", "session"]
Severity = Literal["possible", "marked"]
Number = float
Answer = Number | bool | str | list[str]

EXAMPLE_RESPONSE: dict[str, Any] = {
    "instrument": "srs-3",
    "patient": "Patient/anna",
    "therapist": "Practitioner/ada",
    "session_number": 7,
    "authored": "2026-03-02T10:50:00+01:00",
    "identifier": "urn:clinic:north|r-7",
    "answers": {"item-1": 9.2, "item-2": 9.0, "item-3": 8.7, "item-4": 9.4},
}


class ResponseBody(BaseModel):
    """One filled instrument: its answers, or a bare total where the form takes one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE_RESPONSE]})

    instrument: str = Field(description="Its id, or `id|version` for a fixed revision.", examples=["srs-3"])
    patient: str = Field(
        pattern=r"^(https?://\S+/)?Patient/[A-Za-z0-9\-.]{1,64}$",
        description="FHIR reference of the patient in the EHR.",
        examples=["Patient/anna"],
    )
    patient_identifier: str | None = Field(
        None,
        pattern=r"^[^\s|]+\|.+$",
        description="By which identifier the sender knows the patient, as `system|value`: searches at "
        "/fhir by `patient.identifier` find them.",
    )
    authored: str = Field(
        description="When it was filled: ISO 8601 with an offset; kept as sent.",
        json_schema_extra={"format": "date-time"},
    )
    identifier: str = Field(
        pattern=r"^[^\s|]+\|.+$",
        description="The caller's own, as `system|value`: makes sending it again safe.",
    )
    answers: dict[str, Answer | None] | None = Field(
        None,
        description="Link id -> answer as given: a number before reversing, a choice that counts as weight, "
        "another one as its code, several as a list of codes, yes or no as true or false, own words as text; "
        "null is a blank.",
    )
    scores: dict[str, Number | None] | None = Field(
        None, description='`{"total": 36.3}`: alone, a bare total; beside answers it must agree with them.'
    )
    therapist: str | None = Field(
        None, description="Practitioner or PractitionerRole. Unknown: a series of its own."
    )
    session_number: int | None = Field(None, ge=1, le=9999, description="Which attended session, from 1.")
    session_date: str | None = Field(
        None,
        description="Without it the date of `authored`, in its own zone.",
        json_schema_extra={"format": "date"},
    )
    encounter: str | None = Field(None, description="FHIR reference of the session's Encounter.")
    respondent: str | None = Field(
        None,
        description="Who filled it. Default: the patient (client forms) or therapist (therapist forms).",
    )
    recorded_by: str | None = Field(None, description="Who typed it in, where that is not the respondent.")
    ehr_reference: str | None = Field(
        None,
        description="The response is in the EHR already, under this id: only scores and alerts go there.",
    )
    another_session: bool | None = Field(
        None, description="true: a second session on the same date; overrules a clash by date alone."
    )
    language: str | None = Field(None, description="BCP 47 language of the form.", examples=["en"])
    age_years: int | None = Field(None, ge=0, le=130, description="The patient's age on the day.")
    site: str | None = Field(None, description="Where the dyad meets, for reports.")
    team: str | None = Field(None, description="The dyad's team, for reports.")
    approach: str | None = Field(None, description="The dyad's therapeutic approach, for reports.")


class Withdrawal(BaseModel):
    """Why a response is withdrawn."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "wrong patient"}]})

    reason: str = Field(min_length=1, max_length=255, description="Kept with the response; no patient data.")


class Confirmation(BaseModel):
    """Where in the EHR a parked delivery was found."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"ehr_reference": "Observation/42"}]}
    )

    ehr_reference: str = Field(min_length=1, max_length=255, description="Reference of the resource there.")


class Retry(BaseModel):
    """What a person found out before a delivery is tried again; the body may be left out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"not_there": True}]})

    not_there: bool = Field(
        default=False,
        description="You looked into the EHR and it is not there. Needed where it may be.",
    )


class Discard(BaseModel):
    """Why a delivery is given up."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "entered by hand"}]})

    reason: str = Field(min_length=1, max_length=255, description="Kept with the delivery; no patient data.")


class FaultAnswer(BaseModel):
    """One thing wrong with a request; no value that was sent is repeated."""

    at: str = Field(description="Its place: a key such as `answers.item-2`, a parameter, a header, or empty.")
    reason: str = Field(description="A fixed word.", examples=["wrong-step"])
    message: str = Field(description="A sentence for a person.")


class Problem(BaseModel):
    """A refusal as RFC 9457 has it, with every fault of the request."""

    type: str
    title: str
    status: int
    detail: str
    faults: list[FaultAnswer] | None = None
    stored_id: str | None = Field(None, description="409: the response that is stored already.")
    request: str | None = Field(None, description="500: the request id to look for in the log.")


class ChoiceAnswer(BaseModel):
    """One choice of an item; its `weight` is what is sent as answer."""

    code: str
    weight: Number
    display: str


class OptionAnswer(BaseModel):
    """One choice that counts nothing; its `code` is what is sent as answer."""

    code: str
    display: str
    exclusive: bool = Field(description="It stands alone, or not at all.")


class ConditionAnswer(BaseModel):
    """The item is answered only where another one has this answer."""

    item: str
    answer: bool | str


class AnyItemAnswer(BaseModel):
    """What every item says."""

    link_id: str
    text: str = Field(description="Our own short descriptor, not the licensed wording.")
    required: bool = Field(description="Whether a blank is refused; no scored item of a measure is required.")
    enabled_when: ConditionAnswer | None


class FlagItemAnswer(AnyItemAnswer):
    """An item answered by true or false."""

    kind: Literal["flag"]


class TextItemAnswer(AnyItemAnswer):
    """An item answered in own words, which are never written to an EHR."""

    kind: Literal["text"]


class ChoiceItemAnswer(AnyItemAnswer):
    """An item answered by a code, or by a list of codes (`several`)."""

    kind: Literal["choice"]
    several: bool
    options: list[OptionAnswer]


class ItemAnswer(AnyItemAnswer):
    """An item answered by a number: a line to mark, or choices that count."""

    kind: Literal["number"]
    minimum: Number
    maximum: Number
    step: Number
    reversed: bool
    lower_anchor: str
    upper_anchor: str
    choices: list[ChoiceAnswer] = Field(description="Empty for a line to mark.")


class ScoreRuleAnswer(BaseModel):
    """How one score comes from items, or as the sum of other scores (`parts`)."""

    id: str
    title: str
    kind: Literal["sum", "mean", "count", "peak", "answer"]
    items: list[str]
    parts: list[str]
    missing: Literal["complete-only", "prorate-75", "blank-is-not-seen"]
    minimum: Number
    maximum: Number
    direction: Literal["high-is-good", "high-is-bad", "neither"]
    observed: bool = Field(description="Whether it becomes a FHIR Observation.")
    source: str


class CutOffAnswer(BaseModel):
    """A limit; crossing one of use `check-in` gives a prompt, and never an alert."""

    id: str
    kind: Literal["score-below", "any-item-below", "score-fell-by"]
    score: str | None
    value: Number
    inclusive: bool
    use: Literal["check-in", "clinical-range"]
    age_from: int | None = Field(description="Judged only where `age_years` is known, both ends belonging.")
    age_to: int | None
    enabled: bool
    status: Literal["published", "local"]
    source: str


class InstrumentSummary(BaseModel):
    """What the list says of one instrument."""

    id: str
    version: str
    reference: str
    title: str
    short_title: str
    family: str = Field(description="The forms of one measure share it.")
    role: Role = Field(description="Only forms of role `alliance` are judged.")
    perspective: Perspective
    status: Literal["ready", "provisional", "local"]
    status_reason: str | None
    push: Literal["always", "scores-only", "never"] = Field(description="What of it an EHR may be sent.")
    bare_total: bool = Field(description="Whether a total without answers is taken.")
    derived_from: str | None = Field(description="The form whose answers yield this one's scores too.")


class InstrumentAnswer(InstrumentSummary):
    """One form for one respondent, with the source of every key and cut-off."""

    form: str = Field(
        description="The Questionnaire that a response sent here is to: `srs-3|1.0.0`, or the clinic's own."
    )
    wording: Literal["clinic", "descriptors"] = Field(
        description="Whose words these are: the clinic's licensed wording, or our own short descriptors."
    )
    language: str = Field(description="The language of the texts.")
    languages: list[str] = Field(description="All that the form has; the first is its own.")
    date: str
    description: str
    timing: str
    looks_back: str
    copyright: str
    citation: str
    items: list[ItemAnswer | FlagItemAnswer | ChoiceItemAnswer | TextItemAnswer]
    scores: list[ScoreRuleAnswer]
    cut_offs: list[CutOffAnswer]


class InstrumentList(BaseModel):
    """Every instrument; `next` is always null."""

    items: list[InstrumentSummary]
    next: str | None
