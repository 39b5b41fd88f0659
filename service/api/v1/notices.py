"""How much a clinic is told: its alert budget, and the events of its webhook."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from service.api.doors import Doors
from service.api.security import access_of
from service.api.v1.described import refusals
from service.api.v1.notice_models import AlertBudgetAnswer, WebhookEventAnswer, WebhookEventList
from service.api.v1.queries import After, Count, Pages
from service.api.v1.reading import answer, audited
from service.flows.list_webhook_events import list_event_page, try_event_again
from service.flows.show_alert_budget import AlertBudget, show_alert_budget
from service.store.webhook_events import EventRow

Json = dict[str, object]
_SHOWN_PLACES = 2
EventState = Literal["pending", "delivered", "failed", "stopped"]
EventId = Annotated[str, Path(max_length=64)]
Days = Annotated[int, Query(ge=1, le=730, description="How far back, in days.")]
State = Annotated[EventState | None, Query(description="`failed`: given up after three days.")]


def build_router(doors: Doors) -> APIRouter:
    """Return the routes of the budget and of the webhook's events."""
    router = APIRouter(tags=["rupture alerts"])
    deployment = doors.deployment

    @router.get(
        "/v1/alert-budget",
        operation_id="readAlertBudget",
        summary="Read how many alert notices the rated sessions gave, beside the budget",
        responses={200: {"model": AlertBudgetAnswer}, **refusals(400)},
    )
    def read_budget(request: Request, days: Days = 90) -> Response:
        """Answer the realised rate and, over the budget, a higher threshold; nothing changes by itself."""
        access = access_of(request, "R")
        with audited(doors, access):
            budget = show_alert_budget(deployment, days, access.clinic)
        return answer(_show_budget(budget))

    pages = Pages(deployment.places, "/v1/webhook-events")

    @router.get(
        "/v1/webhook-events",
        operation_id="listWebhookEvents",
        summary="List what the webhook's receiver is told, the newest first",
        responses={200: {"model": WebhookEventList}, **refusals(400)},
    )
    def list_page(request: Request, state: State = None, count: Count = 50, after: After = None) -> Response:
        """Answer one page; empty where no webhook was ever set."""
        access = access_of(request, "R")
        with audited(doors, access):
            before = pages.after_row(after)
            page = list_event_page(deployment, access.clinic, state=state, before=before, limit=count)
        following = pages.following(page.next)
        return answer({"items": [_show_event(row) for row in page.items], "next": following})

    @router.post(
        "/v1/webhook-events/{event_id}/retry",
        operation_id="retryWebhookEvent",
        summary="Tell an event again, now",
        responses={200: {"model": WebhookEventAnswer}, **refusals(404, 409)},
    )
    def retry(request: Request, event_id: EventId) -> Response:
        """Answer the event with all its tries again; after a 410 the others go on too."""
        access = access_of(request, "E")
        event = try_event_again(deployment, event_id, access)
        doors.wake()
        return answer(_show_event(event))

    return router


def _show_budget(budget: AlertBudget) -> Json:
    proposal = budget.proposal
    return {
        "since": budget.since,
        "as_of": budget.as_of,
        "rated_sessions": budget.rated_sessions,
        "notices": budget.notices,
        "notices_per_100": None if budget.per_100 is None else round(budget.per_100, _SHOWN_PLACES),
        "budget_per_100": budget.budget_per_100,
        "over_budget": budget.is_over,
        "alert_z": budget.alert_z,
        "proposal": proposal
        and {
            "alert_z": proposal.alert_z,
            "notices_per_100": round(proposal.per_100, _SHOWN_PLACES),
            "is_within_budget": proposal.is_within_budget,
        },
    }


def _show_event(row: EventRow) -> Json:
    return {
        "id": row.id,
        "type": row.type,
        "alert": row.alert_id,
        "alert_version": row.alert_version,
        "severity": row.severity,
        "occurred_at": row.occurred_at,
        "state": row.state,
        "tries": row.tries,
        "due_at": row.due_at,
        "status": row.status,
        "reason": row.reason or None,
        "updated_at": row.updated_at,
    }
