"""What /v1 answers about notices: a clinic's alert budget, and what the webhook was told."""

from typing import Literal

from pydantic import BaseModel, Field

from service.api.v1.models import Number


class ThresholdProposal(BaseModel):
    """A higher threshold, reckoned over the same ratings as if nobody had acted on an alert."""

    alert_z: Number
    notices_per_100: Number
    is_within_budget: bool = Field(description="false: even the highest threshold would tell more.")


class AlertBudgetAnswer(BaseModel):
    """Notices (opened, raised, again) for the rated sessions of a clinic; no alert is ever held back."""

    since: str
    as_of: str
    rated_sessions: int
    notices: int
    notices_per_100: Number | None = Field(description="null: no session was rated.")
    budget_per_100: Number
    over_budget: bool
    alert_z: Number = Field(description="The threshold in force.")
    proposal: ThresholdProposal | None = Field(
        description="Where the rate is over the budget, and the default rule raises the alerts."
    )


class WebhookEventAnswer(BaseModel):
    """One thing that the webhook's receiver is told."""

    id: str = Field(description="The `webhook-id`, the same at every try.")
    type: Literal["alert.opened", "alert.raised", "alert.again", "alert.closed"]
    alert: str
    alert_version: int
    severity: Literal["possible", "marked"]
    occurred_at: str
    state: Literal["pending", "delivered", "failed", "stopped"] = Field(
        description="`stopped`: the receiver answered 410, so nobody is told until it is tried again."
    )
    tries: int
    due_at: str
    status: int | None = Field(description="Of the receiver's last answer; null: none came.")
    reason: str | None
    updated_at: str


class WebhookEventList(BaseModel):
    """One page, the newest first."""

    items: list[WebhookEventAnswer]
    next: str | None = Field(description="Hand it back as `after` for the next page; null on the last one.")
