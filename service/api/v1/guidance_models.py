"""What /v1 answers as guidance, for the OpenAPI description alone."""

from typing import Literal

from pydantic import BaseModel, Field


class AnyGuidance(BaseModel):
    """Offers from practice, not proven effects; in one of our languages."""

    language: str
    status: Literal["draft", "reviewed"] = Field(
        description="`draft`: no clinician who speaks the language natively has reviewed it."
    )
    note: str = Field(description="What the texts are; show it with them.")


class OfferAnswer(AnyGuidance):
    """What goes with one alert."""

    steps: list[str] = Field(description="One way to take up a strain, in order.")
    part: Literal["goals", "tasks", "bond"] | None = Field(
        description="What the questions are about: the part that fell most; null: the whole."
    )
    questions: list[str]
    approach: str | None = Field(description="An offer for the dyad's approach, where it is known.")


class WayAnswer(BaseModel):
    """One way to take up a strain."""

    title: str
    steps: list[str]


class PhasesAnswer(BaseModel):
    """What is offered before, in and after a session."""

    before: list[str]
    opening: list[str]
    middle: list[str]
    closing: list[str]
    after: list[str]


class SessionGuidanceAnswer(AnyGuidance):
    """What is offered around one session."""

    phases: PhasesAnswer
    prompts: list[str]
    low_mark: str
    full_marks: str
    part: Literal["goals", "tasks", "bond"] | None = Field(
        description="What the questions are about: what fell most with an open alert, else what stays lowest."
    )
    questions: list[str]
    approach: str | None
    ways: list[WayAnswer]
    order: str


class SupervisionGuidanceAnswer(AnyGuidance):
    """Questions to take into supervision: for support, not for appraisal."""

    questions: list[str]
    tools: list[str]
    text: str
