"""What /v1 answers of own words, for the OpenAPI description alone."""

from pydantic import BaseModel

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
