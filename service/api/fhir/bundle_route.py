"""The route that takes batches and transactions: ``POST [base]``."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from service.api.bodies import Body
from service.api.doors import Doors
from service.api.fhir.answers import answer, fhir_base
from service.api.fhir.batch import answer_batch
from service.api.fhir.bundle_entries import read_bundle
from service.api.fhir.described import answers, operation_request
from service.api.fhir.transaction import answer_transaction
from service.api.security import access_of


def add_bundles(router: APIRouter, doors: Doors) -> None:
    """Add ``POST [base]``; clients write the base with and without a slash at its end."""

    async def take_bundle(request: Request, body: Body) -> Response:
        access = access_of(request, "E")
        base = fhir_base(request, doors.deployment.settings)
        bundle = read_bundle(body.value, base)
        if bundle.type == "transaction":
            return answer(request, await run_in_threadpool(answer_transaction, doors, request, bundle))
        answered = await answer_batch(request, bundle, base)
        await run_in_threadpool(doors.audit_read, access)
        return answer(request, answered)

    for path in ("", "/"):
        router.add_api_route(
            path,
            take_bundle,
            methods=["POST"],
            name="take a Bundle",
            summary="A batch of requests, or a transaction of responses",
            responses=answers("Bundle", 200),
            openapi_extra=operation_request("Bundle"),
            include_in_schema=not path,
        )
