"""What /v1 answers before a session and before supervision, for the OpenAPI description alone."""

from typing import Literal

from pydantic import BaseModel, Field

from service.api.v1.answer_models import AlertDetailAnswer, AlertWithActsAnswer
from service.api.v1.guidance_models import SessionGuidanceAnswer, SupervisionGuidanceAnswer
from service.api.v1.models import Perspective, Role
from service.api.v1.treatment_end_models import EndAnswer
from service.api.v1.trend_models import (
    ChangeAnswer,
    DueAnswer,
    LowestItemAnswer,
    MissedSessionAnswer,
    PointAnswer,
    RangeAnswer,
    WindowAnswer,
)
from service.api.v1.words_models import ContextAnswer, NamedItemAnswer, OwnWordsAnswer


class LowestAtAnswer(BaseModel):
    """Which items had the least mark at one rating; none where all were alike."""

    session_number: int | None
    session_date: str
    response: str
    items: list[NamedItemAnswer]


class BriefMeasureAnswer(BaseModel):
    """One form of the dyad: where it stands, and how it moved since the rating before."""

    instrument: str
    perspective: Perspective
    role: Role
    last: PointAnswer
    previous: PointAnswer | None
    change: ChangeAnswer | None = Field(description="From the rating before; null: it cannot be judged.")
    direction: Literal["rising", "falling", "no clear direction"] | None
    usual_next: RangeAnswer | None
    lowest_item: LowestItemAnswer | None
    lowest_items: list[LowestAtAnswer] = Field(description="Of the last ratings, the newest at the end.")
    notes: list[str]


class BriefAnswer(BaseModel):
    """What a therapist looks at before the next session."""

    patient: str
    therapist: str | None
    as_of: str
    sessions_attended: int | None
    measures: list[BriefMeasureAnswer]
    context: list[ContextAnswer] = Field(description="What stands beside the scores; never a signal.")
    alerts: list[AlertDetailAnswer] = Field(
        description="Those that a person may still act on, with what was agreed so far."
    )
    due: list[DueAnswer]
    missed_sessions: list[MissedSessionAnswer]
    treatment_end: EndAnswer | None
    own_words: list[OwnWordsAnswer] = Field(description="Of the last three sessions with any, newest first.")
    guidance: SessionGuidanceAnswer


class OverdueAnswer(BaseModel):
    """A measure that was wanted in sessions that went by since its last rating."""

    patient: str
    measure: str
    instrument: str
    last_rated_session: int | None
    sessions: list[WindowAnswer]


class DigestAnswer(BaseModel):
    """One therapist's dyads before supervision: for support. No counts, and nobody to compare with."""

    therapist: str
    as_of: str
    attention: list[AlertWithActsAnswer] = Field(description="Live alerts, the first raised first.")
    unanswered: list[AlertWithActsAnswer] = Field(description="Of these, open for more than seven days.")
    under_way: list[AlertWithActsAnswer] = Field(description="Taken by somebody, and not resolved.")
    resolved: list[AlertWithActsAnswer] = Field(description="In the last 28 days.")
    overdue: list[OverdueAnswer] = Field(description="Of patients rated in the last 56 days.")
    guidance: SupervisionGuidanceAnswer
