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

Each family has a module; others import from here. No text holds a name, an answer, a token or a traceback.
"""

from service.errors.callers import CallerRefused, CredentialRefused, PageForged, ScopeMissing, SignInRefused
from service.errors.exchanges import EhrError, EhrSilent, EhrUnreachable, EhrUnreadable, SignInFailed
from service.errors.ledger import ImpossibleStep, LeaseLost, LedgerError
from service.errors.limits import (
    AddressTooLong,
    HeadTooLarge,
    TooBusy,
    TooLarge,
    TooManyExports,
    TooManyRequests,
    TooSlow,
)
from service.errors.outages import (
    EhrNotAnswering,
    ExportFailed,
    IdentityProviderSilent,
    NotStored,
    ReportNotAtHand,
)
from service.errors.requests import (
    Duplicate,
    Erased,
    FaultsInRequest,
    ManyMatches,
    NotAcceptable,
    NotFound,
    NotOffered,
    NotTurnedOn,
    RequestRefused,
    SessionsClash,
    StaleVersion,
    Unsettled,
    VersionRequired,
    WrongMediaType,
    WrongState,
)
from service.errors.service_error import ProfileRefused, ServiceError, SettingsRefused, Withheld
from service.errors.store import LostRace, OutOfTime, StoreAway, StoreError, StoreFull

__all__ = [
    "AddressTooLong",
    "CallerRefused",
    "CredentialRefused",
    "Duplicate",
    "EhrError",
    "EhrNotAnswering",
    "EhrSilent",
    "EhrUnreachable",
    "EhrUnreadable",
    "Erased",
    "ExportFailed",
    "FaultsInRequest",
    "HeadTooLarge",
    "IdentityProviderSilent",
    "ImpossibleStep",
    "LeaseLost",
    "LedgerError",
    "LostRace",
    "ManyMatches",
    "NotAcceptable",
    "NotFound",
    "NotOffered",
    "NotStored",
    "NotTurnedOn",
    "OutOfTime",
    "PageForged",
    "ProfileRefused",
    "ReportNotAtHand",
    "RequestRefused",
    "ScopeMissing",
    "ServiceError",
    "SessionsClash",
    "SettingsRefused",
    "SignInFailed",
    "SignInRefused",
    "StaleVersion",
    "StoreAway",
    "StoreError",
    "StoreFull",
    "TooBusy",
    "TooLarge",
    "TooManyExports",
    "TooManyRequests",
    "TooSlow",
    "Unsettled",
    "VersionRequired",
    "Withheld",
    "WrongMediaType",
    "WrongState",
]
