"""What went wrong with an EHR, in words for the people who run the service. Pure."""

from service.errors import EhrError, EhrSilent, EhrUnreachable, SignInFailed

EHR = "the EHR"
_OF_CERTIFICATE = {
    "certificate-unknown-issuer": "has a certificate of an issuer unknown here (set ALLIANCE_EHR_CA)",
    "certificate-expired": "has a certificate that is expired",
    "certificate-not-yet-valid": "has a certificate that is not valid yet (is this machine's clock right?)",
    "certificate-wrong-host": "has a certificate for another host name than its address says",
    "certificate-refused": "has a certificate that cannot be trusted",
    "client-certificate-refused": "does not take our client certificate (ALLIANCE_EHR_CLIENT_CERT)",
    "not-tls": "does not speak https at this address, or hangs up",
    "tls-failed": "and this machine cannot agree on a secure connection",
}
_OF_CONNECTION = {
    "host-unknown": "cannot be reached: no host of this name is known here",
    "connection-refused": "cannot be reached: nothing listens at its address and port",
    "connect-timeout": "cannot be reached: no connection in time (does a firewall stand between?)",
    "proxy-not-reached": "cannot be reached, since the proxy (ALLIANCE_EHR_PROXY) cannot",
    "proxy-error": "cannot be reached through the proxy (ALLIANCE_EHR_PROXY)",
    "host-not-allowed": "is on a host that the configuration does not name",
    **_OF_CERTIFICATE,
}
_OF_ANSWER = {
    **{
        f"status-{status}": f"points to another address ({status}), which is not followed"
        for status in (301, 302, 303, 307, 308)
    },
    "status-401": "asks for credentials (401)",
    "status-403": "does not allow it (403)",
    "next-page-elsewhere": "leads to a next page on another host, which gets no credentials of ours",
    "too-many-pages": "finds far more than is looked for; its search seems to pass our parameters by",
}


def in_words(error: EhrError, who: str = EHR) -> str:
    """Return it without a stop: ``the EHR cannot be reached``. ``who`` is the server that was asked."""
    if isinstance(error, SignInFailed):
        return error.sentence
    if isinstance(error, EhrUnreachable):
        return f"{who} {_OF_CONNECTION.get(error.code, 'cannot be reached')}"
    if isinstance(error, EhrSilent):
        return f"{who} did not answer in time or broke off ({error.code})"
    return f"{who} {_OF_ANSWER.get(error.code, f'gave an answer that cannot be used ({error.code})')}"
