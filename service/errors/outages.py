"""Requests that could be served, were something else at hand: the EHR, the database, the disk."""

from service.errors.requests import RequestRefused
from service.errors.store import LostRace, OutOfTime, StoreError, StoreFull


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

    def __init__(self, why: StoreError) -> None:
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
