"""What /v1 answers of own words and of context, for the OpenAPI description alone."""

from typing import Literal

from pydantic import BaseModel, Field

from service.api.v1.models import Perspective


class NamedItemAnswer(BaseModel):
    """An item by its link id and our short descriptor."""

    item: str
    name: str


class WordsAnswer(NamedItemAnswer):
    """What a client wrote, word for word."""

    text: str


class OwnWordsAnswer(BaseModel):
    """A client's or carer's own words of one session; therapists' private notes are never among them."""

    instrument: str
    perspective: Perspective
    session_number: int | None
    session_date: str
    response: str
    words: list[WordsAnswer]


class ContextAnswer(BaseModel):
    """One sentence of what stands beside scores and alerts; it opens nothing and raises nothing."""

    kind: Literal["therapist-dip", "missed-appointments", "missing-forms", "usual-gap"]
    level: Literal["C"] | None = Field(description="C: conduct that would fit; null: no evidence at all.")
    text: str
