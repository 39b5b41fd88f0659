"""What can go wrong in the service, what the caller is told, and what the log says.

ServiceError                  status, FHIR issue code, reason word, sentence for the caller
 ├─ SettingsRefused           the environment does not describe a service that may start
 ├─ ProfileRefused            a vendor profile's file cannot be used: every fault with file and key
 ├─ RequestRefused            a request that cannot be served as it is
 │   ├─ FaultsInRequest       422 (400 where it cannot be parsed): every fault with its place
 │   ├─ NotFound              404
 │   ├─ Duplicate             409: the same session, or the same identifier with other content
 │   ├─ Erased                409: it was erased here, and is not taken again
 │   ├─ Unsettled             409: what is on its way to the EHR keeps a patient from being erased
 │   ├─ StaleVersion          412: If-Match names another version
 │   ├─ VersionRequired       428 at /v1, 400 at /fhir: a correction without If-Match
 │   ├─ ManyMatches           412: If-None-Exist matches several
 │   ├─ WrongState            409: the act does not fit the state that the thing is in
 │   ├─ SessionsClash         409: two patients to be merged have both rated a session
 │   ├─ TooLarge              413
 │   │   ├─ HeadTooLarge      431: more headers, or longer ones, than any caller needs
 │   │   └─ AddressTooLong    414
 │   ├─ TooSlow               408: the body did not come in time
 │   ├─ TooManyRequests       429: the caller is over its rate
 │   ├─ TooManyExports        429: as many exports are under way, or kept, as may be
 │   ├─ TooManyImports        429: as many imports are under way as may be
 │   ├─ TooBusy               503: too many requests are under way
 │   ├─ WrongMediaType        415
 │   ├─ NotAcceptable         406
 │   ├─ NotOffered            405 or 501
 │   │   └─ NotTurnedOn       501: the operator did not turn it on
 │   ├─ ExportFailed          500: the files of an export could not be written
 │   ├─ EhrNotAnswering       503: what was asked needs the EHR
 │   ├─ IdentityProviderSilent 503: what was asked needs the clinic's identity provider
 │   ├─ ReportNotAtHand       503: the snapshot that reports are answered from is not there, or too slow
 │   ├─ NotStored             503, or 507 where the disk is full: the database did not do it (in time)
 │   ├─ CallerRefused         403: foreign Host or Origin
 │   ├─ CredentialRefused     401: none, or one that is not valid here
 │   ├─ ScopeMissing          403: the credential does not open this
 │   ├─ SignInRefused         403: signing in at a page came to nothing
 │   └─ PageForged            403: a change that no page of ours sent
 ├─ Withheld                  what may be told about a patient says no: the bytes must not leave
 ├─ EhrError                  an exchange with the EHR that did not end in a usable answer
 │   ├─ EhrUnreachable        nothing was sent: safe to try again
 │   │   └─ SignInFailed      no token was to be had, so that nothing was sent
 │   ├─ EhrSilent             it was sent and the answer is not known: never blindly sent again
 │   └─ EhrUnreadable         a read or search was answered with something that cannot be used
 ├─ StoreError                the database did not do what was asked; nothing was changed
 │   ├─ LostRace              another write came between: the same again may succeed
 │   ├─ OutOfTime             what a request asked of it takes longer than requests may
 │   └─ StoreAway             it cannot be reached, or ended the connection
 │       └─ StoreFull         its disk is full
 └─ LedgerError               a step that the ledger of deliveries does not allow
     ├─ ImpossibleStep        the event cannot happen in that state
     └─ LeaseLost             another worker has the delivery now: this one must not touch it

No text holds a name, an answer, a token or a traceback.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from fhir_mappings.errors import Fault


class ServiceError(Exception):
    """Anything the service refuses or fails at."""


class SettingsRefused(ServiceError):
    """The environment does not describe a service that may start; names every variable at fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class ProfileRefused(ServiceError):
    """A vendor profile that cannot be used; names file, key and reason of every fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


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


class TooLarge(RequestRefused):
    """The body is over the limit."""

    status = 413
    issue_code = "too-long"
    reason = "too-large"


class HeadTooLarge(TooLarge):
    """The request's headers are over the limit."""

    status = 431


class AddressTooLong(TooLarge):
    """The request's path and query are over the limit."""

    status = 414


class TooSlow(RequestRefused):
    """The body did not come in time."""

    status = 408
    issue_code = "timeout"
    reason = "too-slow"


class TooManyRequests(RequestRefused):
    """The caller sends more than it may; ``retry_after_seconds`` says when the next one is served."""

    status = 429
    issue_code = "throttled"
    reason = "too-many-requests"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("You send more requests than you may. Send this one again later.")
        self.retry_after_seconds = retry_after_seconds


class TooManyExports(RequestRefused):
    """As many exports are under way, or kept, as may be; ``retry_after_seconds`` says when to ask again."""

    status = 429
    issue_code = "throttled"
    reason = "too-many-exports"

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class TooManyImports(RequestRefused):
    """As many imports of a clinic are under way as this process takes in; nothing was read of this one."""

    status = 429
    issue_code = "throttled"
    reason = "too-many-imports"
    retry_after_seconds = 60

    def __init__(self) -> None:
        super().__init__("As many imports are under way as may be. Send this one again later.")


class TooBusy(RequestRefused):
    """As many requests are under way as this process takes."""

    status = 503
    issue_code = "throttled"
    reason = "too-busy"
    retry_after_seconds = 1


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


class ExportFailed(RequestRefused):
    """The files of an export could not be written, again and again; the log says why."""

    status = 500
    issue_code = "exception"
    reason = "export-failed"


class EhrNotAnswering(RequestRefused):
    """What was asked needs the EHR, and there is none, or it gave no answer that can be used."""

    status = 503
    issue_code = "transient"
    reason = "ehr-not-answering"


class IdentityProviderSilent(RequestRefused):
    """What was asked needs the clinic's identity provider, which gives no answer that can be used."""

    status = 503
    issue_code = "transient"
    reason = "identity-provider-silent"


class ReportNotAtHand(RequestRefused):
    """What reports are answered from is not there now, or the question took too long."""

    status = 503
    issue_code = "transient"
    reason = "report-not-at-hand"
    retry_after_seconds = 15


class NotStored(RequestRefused):
    """The database did not do what the request needs; ``why`` says what stood in the way."""

    status = 503
    issue_code = "no-store"
    reason = "store-away"

    def __init__(self, why: "StoreError") -> None:
        message = "The database of this service cannot be read or written now."
        if isinstance(why, StoreFull):
            self.status, self.reason = 507, "storage-full"
            message = "The disk of this service is full, and nothing was changed."
        elif isinstance(why, LostRace):
            self.issue_code = self.reason = "lock-error"
            message = "Others wrote at the same time, again and again, and nothing was changed."
        elif isinstance(why, OutOfTime):
            self.issue_code, self.reason = "timeout", "out-of-time"
            message = "The database needed longer than a request may take, and nothing was changed."
        super().__init__(f"{message} Send the request again later.")


class CallerRefused(RequestRefused):
    """The request's Host or Origin is not this machine."""

    status = 403
    issue_code = "forbidden"
    reason = "forbidden"


_REALM = 'Bearer realm="alliance"'
_WHY = MappingProxyType(
    {
        "no-credential": "A credential is needed: Authorization: Bearer, with a token or an API key.",
        "expired": "The credential has expired.",
        "invalid-token": "The credential is not valid here.",
    }
)


class CredentialRefused(RequestRefused):
    """No credential came, or one that is not valid here (``why``); what is wrong with it is not told.

    ``cause`` is a short word for those who count refusals. Source: RFC 6750, section 3.
    """

    status = 401
    issue_code = "login"

    def __init__(self, why: str = "invalid-token", *, cause: str = "") -> None:
        self.reason = why
        self.cause = cause or why
        error = f', error="invalid_token", error_description="{_WHY[why]}"' if why != "no-credential" else ""
        self.headers = {"WWW-Authenticate": f"{_REALM}{error}"}
        super().__init__(_WHY[why], at="Authorization")


class ScopeMissing(RequestRefused):
    """The credential is valid and does not open this; ``scopes`` are those that would."""

    status = 403
    issue_code = "forbidden"
    reason = "insufficient-scope"

    def __init__(self, scopes: Sequence[str], message: str = "") -> None:
        named = " ".join(scopes)
        needed = f', scope="{named}"' if named else ""
        self.headers = {"WWW-Authenticate": f'{_REALM}, error="insufficient_scope"{needed}'}
        super().__init__(message or f"This needs the scope {named}.", at="Authorization")


class SignInRefused(RequestRefused):
    """Signing in at a page came to nothing; ``cause`` is a short word for the log, and not told."""

    status = 403
    issue_code = "login"
    reason = "sign-in-refused"

    def __init__(self, cause: str, message: str = "Signing in did not work. Please begin again.") -> None:
        super().__init__(message)
        self.cause = cause


class PageForged(RequestRefused):
    """A change that no page of ours sent: its token is missing, or another sign-in's."""

    status = 403
    issue_code = "forbidden"
    reason = "page-forged"


class Withheld(ServiceError):
    """Nothing about this patient may be written into the EHR (now)."""


class EhrError(ServiceError):
    """An exchange with the EHR that did not end in an answer; ``code`` is a short word for the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class EhrUnreachable(EhrError):
    """Nothing was sent (refused connection, unknown host): safe to try again."""


class SignInFailed(EhrUnreachable):
    """No credentials for the EHR were to be had; ``sentence`` tells a person why, without any secret."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code)
        self.sentence = sentence


class EhrSilent(EhrError):
    """It was sent and the answer is not known (timeout, reset, half an answer): search first."""


class EhrUnreadable(EhrError):
    """A read or search was answered with something that cannot be used; nothing was at stake."""


class StoreError(ServiceError):
    """The database did not do what was asked; nothing was changed."""


class LostRace(StoreError):
    """Another write came between, and this one was undone whole: the same again may succeed."""


class OutOfTime(StoreError):
    """The request's time is over; nothing was changed."""


class StoreAway(StoreError):
    """The database cannot be reached, or ended the connection."""


class StoreFull(StoreAway):
    """There is no space left for it; nothing was changed, and reading goes on."""


class LedgerError(ServiceError):
    """A step that the ledger of deliveries does not allow; nothing was changed."""


class ImpossibleStep(LedgerError):
    """The event cannot happen in that state: an error of ours, or somebody else was faster."""


class LeaseLost(LedgerError):
    """The delivery's lease ended and another worker may have it: stop touching it."""
