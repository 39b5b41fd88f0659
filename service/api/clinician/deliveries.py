"""The page of clinic IT: what waits to be delivered, why, and another try."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from service.api.bodies import FormBody
from service.api.browsers import PAGE, refuse_forged
from service.api.clinician.dyads import read_form, read_version
from service.api.clinician.rendering import answer_page, language_of
from service.api.doors import Doors
from service.api.security import access_of, caller_of
from service.api.v1.queries import After, Pages
from service.api.v1.reading import audited
from service.clock import as_instant
from service.errors import StaleVersion, WrongState
from service.flows.act_on_delivery import retry_delivery
from service.flows.explain_delivery import explain_delivery, what_follows
from service.flows.list_deliveries import DeliveryListQuery, list_delivery_page, read_delivery
from service.flows.measure_notices import list_behind
from service.ledger import State
from service.scopes import OPERATIONS, Need

DELIVERIES, DELIVERY = f"{PAGE}/deliveries", f"{PAGE}/deliveries/{{delivery_id}}"
# What can be asked for, each a tab; the first is what a person must look at.
TABS = ("parked", "late", "waiting", "pending", "confirmed")
Tab = Annotated[Literal["parked", "late", "waiting", "pending", "confirmed"], Query(alias="state")]
DeliveryId = Annotated[str, Path(max_length=64)]
Changed = Annotated[Literal["changed"] | None, Query()]
_RETRY = Need(OPERATIONS, "u")
_ENDED = frozenset({State.CONFIRMED, State.DISCARDED})
_A_PAGE, _SEE_OTHER = 50, 303


def add_deliveries(router: APIRouter, doors: Doors) -> None:
    """Add the list, the page of one delivery, and the route that retries it."""
    deployment = doors.deployment
    pages = Pages(deployment.places, DELIVERIES)

    @router.get(DELIVERIES)
    def show_deliveries(request: Request, tab: Tab = "parked", after: After = None) -> Response:
        """Show one page of what is in a state, with what happens to it next."""
        access = access_of(request, "R")
        with audited(doors, access):
            query = DeliveryListQuery(tab, after=pages.after_row(after), limit=_A_PAGE)
            page = list_delivery_page(deployment, query, access.clinic)
        now = as_instant(deployment.clock())
        language = language_of(request, deployment.settings)
        return answer_page(
            request,
            deployment.settings,
            "deliveries.html",
            tab=tab,
            tabs=TABS,
            rows=[(row, what_follows(row, now, language)) for row in page.items],
            following=pages.following(page.next),
            troubles=doors.ehr_troubles(),
            behind=list_behind(deployment),
        )

    @router.get(DELIVERY)
    def show_delivery(request: Request, delivery_id: DeliveryId, since: Changed = None) -> Response:
        """Show what was tried and what came of it, without the EHR's own words."""
        access = access_of(request, "R")
        detail = read_delivery(deployment, delivery_id, access.clinic)
        doors.audit_read(access, delivery_id, patient_key=detail.delivery.patient_key)
        now = as_instant(deployment.clock())
        language = language_of(request, deployment.settings)
        return answer_page(
            request,
            deployment.settings,
            "delivery.html",
            one=detail.delivery,
            told=list(explain_delivery(detail, now, language)),
            changed=since is not None,
            may_be_there=detail.delivery.state == State.UNKNOWN,
            can_retry=State(detail.delivery.state) not in _ENDED and caller_of(request).may(_RETRY),
        )

    @router.post(f"{DELIVERY}/retry")
    def retry(request: Request, delivery_id: DeliveryId, body: FormBody) -> Response:
        """Plan it anew, now."""
        given = read_form(body)
        refuse_forged(request.headers, given.pop("token", ""))
        access = access_of(request, "E")
        not_there, version = given.get("not_there") == "yes", read_version(given)
        try:
            retry_delivery(deployment, delivery_id, version, access, not_there=not_there)
        except (StaleVersion, WrongState) as refused:
            doors.audit_read(access, delivery_id, status=refused.status)
            told = "?since=changed"
        else:
            doors.wake()
            told = ""
        return RedirectResponse(f"{DELIVERIES}/{delivery_id}{told}", _SEE_OTHER)
