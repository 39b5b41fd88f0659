"""Exchanges with the EHR that did not end in a usable answer."""

from service.errors.service_error import ServiceError


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
