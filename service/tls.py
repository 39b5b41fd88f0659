"""What secures the way to another host: whom we trust, who we are there, and what a failed handshake says."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import certifi

# OpenSSL's numbers of what is wrong with a certificate (x509_vfy.h).
_CERTIFICATE_FAULTS = {
    9: "certificate-not-yet-valid",
    10: "certificate-expired",
    18: "certificate-unknown-issuer",  # signed by itself
    19: "certificate-unknown-issuer",  # an authority in its chain that nobody here trusts
    20: "certificate-unknown-issuer",
    21: "certificate-unknown-issuer",  # its chain is not sent whole
    62: "certificate-wrong-host",
    64: "certificate-wrong-host",  # an address in place of a name
}
# Alerts by which a server says that it does not take our certificate, or misses one.
_CLIENT_REFUSED = (
    "CERTIFICATE_REQUIRED",
    "BAD_CERTIFICATE",
    "UNKNOWN_CA",
    "CERTIFICATE_EXPIRED",
    "ACCESS_DENIED",
)


# What OpenSSL makes of a server that answers in plain HTTP, or hangs up.
_NOT_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
    "UNEXPECTED_EOF_WHILE_READING",
)


def tls_context(ca: str | None, certificate: str | None, key: str | None) -> ssl.SSLContext:
    """Return a context that trusts ``ca`` (PEM; None: the public authorities) and shows our certificate.

    Raises ``ValueError`` naming which of them cannot be read; never what is in it.
    """
    try:
        context = ssl.create_default_context(cafile=None if ca else certifi.where(), cadata=ca)
    except (ssl.SSLError, ValueError) as error:
        raise ValueError("the certificates of the authority cannot be read as PEM") from error
    if certificate is not None and key is not None:
        _show(context, certificate, key)
    return context


def _show(context: ssl.SSLContext, certificate: str, key: str) -> None:
    # Python loads a key from a file only: for this moment it lies in a folder that is ours alone.
    with TemporaryDirectory() as folder:
        paths = Path(folder, "certificate.pem"), Path(folder, "key.pem")
        for path, text in zip(paths, (certificate, key), strict=True):
            path.write_text(text, encoding="ascii", errors="replace")
        try:
            # Without this a key under a password would ask for it at the terminal.
            context.load_cert_chain(*paths, password=_no_password)
        except (ssl.SSLError, ValueError) as error:
            raise ValueError(
                "the client certificate and its key cannot be read as PEM, or do not fit"
            ) from error


def _no_password() -> str:
    raise ValueError("the key is under a password")


def tls_fault(error: BaseException) -> str:
    """Return what a handshake failed at, such as ``certificate-expired``; '' where it was something else."""
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _CERTIFICATE_FAULTS.get(cause.verify_code, "certificate-refused")
        if isinstance(cause, ssl.SSLError):
            alert = cause.reason or ""
            if alert in _NOT_TLS:
                return "not-tls"
            if "ALERT" in alert and alert.endswith(_CLIENT_REFUSED):
                return "client-certificate-refused"
            return "tls-failed" if "HANDSHAKE" in alert or "PROTOCOL" in alert else ""
    return ""


def causes(error: BaseException) -> Iterator[BaseException]:
    """Give an error and what led to it, the outermost first."""
    known: list[BaseException] = []
    cause: BaseException | None = error
    # An error that is raised twice may come to be its own cause.
    while cause is not None and cause not in known:
        yield cause
        known.append(cause)
        cause = cause.__cause__ or cause.__context__
