"""Requests over a limit: of size, time, or how many there may be."""

from service.errors.requests import RequestRefused


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


class TooBusy(RequestRefused):
    """As many requests are under way as this process takes."""

    status = 503
    issue_code = "throttled"
    reason = "too-busy"
    retry_after_seconds = 1
