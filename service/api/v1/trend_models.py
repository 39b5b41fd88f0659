"""What /v1 answers about trends, for the OpenAPI description alone."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fhir_mappings.alert_states import AlertStatus
from service.api.v1.answer_models import (
    LimitAnswer,
    PromptAnswer,
    ResponseStatus,
    Tier,
)
from service.api.v1.models import Number, Perspective, Role, Severity
from service.api.v1.treatment_end_models import EndAnswer
from service.api.v1.words_models import ContextAnswer


class RangeAnswer(BaseModel):
    """A range in the scale's points, both ends belonging to it."""

    low: Number
    high: Number


class PointAnswer(BaseModel):
    """One rating of a series; `usual`, `fall`, `z` and `tier` are null where it was not judged."""

    session_number: int | None
    session_date: str
    authored: str
    response: str
    response_version: int
    historical: bool
    status: ResponseStatus = Field(
        description="`in-progress` and `stopped` have no scores: the session was attended, not rated."
    )
    scores: dict[str, Number | None] = Field(description="Total and subscales.")
    items: dict[str, Number] = Field(
        description="Link id -> answer as given (a reversed item is not turned); blanks and words left out."
    )
    check_in_prompts: list[PromptAnswer]
    clinical_range: list[LimitAnswer]
    straight_lined: bool
    derived_from: str | None = Field(description="The form whose answers yielded it; null: rated itself.")
    tier: Tier | None
    usual: RangeAnswer | None = Field(description="What the earlier ratings let one expect.")
    fall: Number | None = Field(description="Points below the level before.")
    z: Number | None
    norms: str | None = Field(
        description="The norm by which it was judged: the one in force when it came in."
    )
    fired: list[str] = Field(description="The rules of `compare` that mark this rating.")


class DipAnswer(BaseModel):
    """A fall that a criterion finds looking back; for reports, never an alert."""

    criterion: str
    fell: str = Field(description="The response at which it fell.")
    returned: str | None = Field(description="The response at which it had returned, within its window.")


class FirstSessionsAnswer(BaseModel):
    """How many of the first sessions (three, once so many were held) were rated."""

    rated: int
    attended: int


class CoverageAnswer(BaseModel):
    """Rated of attended sessions; `attended` null where it is unknown, `reason` says why."""

    rated: int
    attended: int | None
    reason: str | None
    basis: Literal["attendance", "session-numbers"] = Field(
        description="`attendance`: as recorded there; `session-numbers`: the highest number seen."
    )
    first_sessions: FirstSessionsAnswer | None
    sessions_between: Number | None = Field(
        description="Median from one rating to the next: 1 where every session was rated."
    )
    days_between: Number | None = Field(description="Median, in days.")


class GapAnswer(BaseModel):
    """A stretch without ratings, between two responses (null: before the first, after the last)."""

    after: str | None
    before: str | None
    unrated_sessions: int | None
    days: int | None
    cannot_say: str = Field(description="What it makes impossible to say.")


class ChangeAnswer(BaseModel):
    """The change between two ratings, held against measurement error (reliable change)."""

    model_config = ConfigDict(populate_by_name=True)

    from_: str = Field(alias="from", description="The earlier response.")
    to: str = Field(description="The later response.")
    points: Number = Field(description="Above 0: it rose.")
    needed: Number = Field(description="The least that is told apart from measurement error.")
    verdict: Literal["better", "same", "worse"] = Field(description="`same`: within measurement error.")
    reliability: Number = Field(description="The norm's, on which `needed` rests; others give other limits.")
    sem: Number
    basis: str


class LowestItemAnswer(BaseModel):
    """The item that lay a point or more below every other one in most of the last ratings."""

    item: str
    name: str
    ratings: int
    of: int


class SeriesAnswer(BaseModel):
    """One instrument of one therapist; a new therapist starts a new series."""

    instrument: str
    perspective: Perspective
    role: Role
    provisional: str | None
    therapist: str | None
    points: list[PointAnswer]
    level: Number | None
    level_range: RangeAnswer | None
    level_half_width: Number | None = Field(description="One standard error of the level.")
    first_impression: bool = Field(description="Fewer than four ratings so far.")
    slope_per_session: Number | None
    slope_interval: list[Number] | None
    direction: Literal["rising", "falling", "no clear direction"] | None
    usual_next: RangeAnswer | None
    coverage: CoverageAnswer
    gaps: list[GapAnswer]
    at_maximum_share: Number | None
    low_start: bool
    first_to_last: ChangeAnswer | None
    last_to_this: ChangeAnswer | None
    lowest_item: LowestItemAnswer | None
    notes: list[str]
    norms: str | None
    norms_status: Literal["assumed", "fitted"] | None
    looking_back: list[DipAnswer] = Field(description="What the criteria of `compare` find.")


class SideAnswer(BaseModel):
    """One person's rating of a session that both rated."""

    response: str
    score: Number
    change: Number | None = Field(description="Points since this person's rating before.")
    own_units: Number | None = Field(
        description="Distance from the mean of this person's earlier ratings, in their own spread."
    )


class PairAnswer(BaseModel):
    """A session that both rated."""

    session_number: int | None
    session_date: str
    client: SideAnswer
    therapist: SideAnswer


class PairsAnswer(BaseModel):
    """Client and therapist side by side, each against the own ratings; a gap is context, never an alert."""

    therapist: str | None
    client_instrument: str
    therapist_instrument: str
    usual_gap: Number | None = Field(description="Median of client minus therapist, from three pairs on.")
    sessions: list[PairAnswer]


class WindowAnswer(BaseModel):
    """Attended sessions, both ends belonging."""

    model_config = ConfigDict(populate_by_name=True)

    from_: int = Field(alias="from")
    to: int


class DueAnswer(BaseModel):
    """How one measure of the clinic's measuring plan stands with one therapist."""

    therapist: str | None
    measure: str
    instrument: str = Field(description="The form used last, else the plan's first.")
    last_rated_session: int | None
    sessions: WindowAnswer = Field(description="When the next rating is wanted.")
    due_next: bool = Field(description="Whether the coming session is one of these.")
    missed: list[WindowAnswer] = Field(description="Went by without a rating.")


class MissedSessionAnswer(BaseModel):
    """An appointment that the client did not come to; why, nobody says here."""

    status: Literal["missed", "late-cancelled"]
    session_date: str
    session_number: int | None
    therapist: str | None


class TrendAlertAnswer(BaseModel):
    """Where an alert stands in the trend; `/v1/rupture-alerts/{id}` has the whole of it."""

    id: str
    instrument: str
    response: str
    therapist: str | None
    session_number: int | None
    session_date: str
    severity: Severity
    status: AlertStatus
    score_course: Literal["low", "recovered", "not-recovered"]
    live: bool
    historical: bool


class DyadContextAnswer(ContextAnswer):
    """One line of one dyad."""

    therapist: str | None


class DyadEndAnswer(EndAnswer):
    """The end of the treatment with one therapist."""

    therapist: str | None


class TrendAnswer(BaseModel):
    """How the alliance of one patient moves, with all that is needed to compute it again."""

    patient: str
    as_of: str
    rule: str
    method: str
    parameters: dict[str, Number]
    series: list[SeriesAnswer] = Field(description="Of the alliance.")
    other_series: list[SeriesAnswer] = Field(
        description="Outcome, session and rupture forms: none of them says how an alliance moves."
    )
    pairs: list[PairsAnswer]
    due: list[DueAnswer] = Field(description="Of therapies that go on, where attended sessions are known.")
    missed_sessions: list[MissedSessionAnswer]
    context: list[DyadContextAnswer] = Field(description="What stands beside the scores; never a signal.")
    alerts: list[TrendAlertAnswer] = Field(description="Opened in the sessions shown; none taken back.")
    treatment_ends: list[DyadEndAnswer] = Field(
        description="Ends of treatment that were told, where no session came after; nothing is due there. "
        "None for whom alerts are not told."
    )
