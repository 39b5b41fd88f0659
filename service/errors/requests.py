"""Requests that cannot be served as they are: their content, and what they are about."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from fhir_mappings.errors import Fault
from service.errors.service_error import ServiceError


class RequestRefused(ServiceError):
    """A request that cannot be served as it is."""

    status = 400
    issue_code = "invalid"
    reason = "invalid"
    # After so many seconds the same request may be served; None: it never is, or nobody knows when.
    retry_after_seconds: int | None = None
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, message: str, *, at: str = "", faults: Sequence[Fault] = ()) -> None:
        super().__init__(self.reason)
        self.message = message
        self.faults = tuple(faults) or (Fault(at, self.reason, message),)


class FaultsInRequest(RequestRefused):
    """Every fault of a request, with its place and reason."""

    status = 422
    issue_code = "business-rule"
    reason = "faults"

    def __init__(self, faults: Sequence[Fault], *, status: int = 422) -> None:
        super().__init__("The request has faults and changed nothing.", faults=faults)
        self.status = status


class NotFound(RequestRefused):
    """There is no such thing, or none that this caller may see."""

    status = 404
    issue_code = "not-found"
    reason = "not-found"


class Duplicate(RequestRefused):
    """It is here already under ``stored_id``; a correction is an update of that one."""

    status = 409
    issue_code = "duplicate"
    reason = "duplicate"

    def __init__(self, message: str, stored_id: str) -> None:
        super().__init__(message)
        self.stored_id = stored_id


class Erased(RequestRefused):
    """It was erased here with all that was kept of its patient, and is not taken again."""

    status = 409
    issue_code = "deleted"
    reason = "erased"


class Unsettled(RequestRefused):
    """A patient cannot be erased while it is not known what the EHR holds; a fault for each delivery."""

    status = 409
    issue_code = "conflict"
    reason = "unsettled"


class StaleVersion(RequestRefused):
    """If-Match names another version than the current one."""

    status = 412
    issue_code = "conflict"
    reason = "stale-version"


class VersionRequired(RequestRefused):
    """A correction must say which version it corrects."""

    status = 428
    issue_code = "required"
    reason = "version-required"


class ManyMatches(RequestRefused):
    """If-None-Exist matches more than one resource."""

    status = 412
    issue_code = "multiple-matches"
    reason = "multiple-matches"


class WrongState(RequestRefused):
    """The act does not fit the state that the thing is in."""

    status = 409
    issue_code = "conflict"
    reason = "wrong-state"


class SessionsClash(RequestRefused):
    """Two patients cannot be merged: of each pair of responses only one could stay; a fault for each."""

    status = 409
    issue_code = "conflict"
    reason = "same-session"

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        faults = [
            Fault("", self.reason, f"Responses {one} and {other} rate the same session: withdraw one.")
            for one, other in pairs
        ]
        super().__init__("Both patients rated the same session; nothing was merged.", faults=faults)


class WrongMediaType(RequestRefused):
    """The body's Content-Type is not one we read."""

    status = 415
    issue_code = "not-supported"
    reason = "wrong-media-type"


class NotAcceptable(RequestRefused):
    """The caller accepts nothing that we write."""

    status = 406
    issue_code = "not-supported"
    reason = "not-acceptable"


class NotOffered(RequestRefused):
    """The interaction is not offered here; ``allow`` lists the methods that are, for the header."""

    status = 405
    issue_code = "not-supported"
    reason = "not-offered"

    def __init__(self, message: str, *, allow: str = "") -> None:
        super().__init__(message)
        self.allow = allow


class NotTurnedOn(NotOffered):
    """It is offered where the operator turned it on, which was not done here."""

    status = 501
