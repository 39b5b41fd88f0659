"""What /v1 answers about deliveries, for the OpenAPI description alone."""

from typing import Literal

from pydantic import BaseModel, Field

State = Literal["waiting", "pending", "sent", "confirmed", "rejected", "unknown", "held", "discarded"]

Rung = Literal["transaction", "one-by-one", "observations", "document", "communication", "resources"]


class DeliveryAnswer(BaseModel):
    """One version of a response, alert or definition for one EHR."""

    id: str
    version: int
    ehr: str
    subject_kind: Literal["definition", "response", "alert"]
    subject: str = Field(description="The id of the response, alert or definition.")
    subject_version: int
    state: State
    parked: bool = Field(description="A person must look: rejected, held, or unknown after searching.")
    reason: str | None
    rung: Rung | None = Field(
        description="The form in which the EHR takes it; null before that was chosen, and where nothing goes."
    )
    request: str | None = Field(
        description="The `X-Request-Id` of the request that queued it; null where none did."
    )
    tries: int
    due_at: str
    created_at: str
    updated_at: str


class DeliveryList(BaseModel):
    """One page in the order of queueing."""

    items: list[DeliveryAnswer]
    next: str | None = Field(description="Hand it back as `after` for the next page; null on the last one.")


class AttemptAnswer(BaseModel):
    """One exchange with the EHR about a part."""

    number: int
    kind: Literal["write", "search"]
    started_at: str
    ended_at: str | None
    outcome: str
    status: int | None
    codes: str | None
    answer: str | None = Field(description="What the EHR said, up to 2,048 characters; protect it.")


class PartAnswer(BaseModel):
    """One request of a delivery."""

    sequence: int
    resource: str = Field(description="Our reference of the resource, or `transaction`.")
    method: str
    state: State
    reason: str | None
    resent: bool
    sent_at: str | None
    attempts: list[AttemptAnswer]


class DeliveryDetailAnswer(DeliveryAnswer):
    """A delivery with everything that was tried."""

    what_follows: str = Field(description="What happens next and when, in plain words.")
    parts: list[PartAnswer]
