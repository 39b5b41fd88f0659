"""A server's certificate, or ours, that is not good is told in plain words."""

import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from service.ehr.told import in_words
from service.errors import EhrUnreachable
from service.http import Http
from service.tls import tls_context

TODAY = dt.datetime.now(dt.UTC)
YEAR = dt.timedelta(days=365)


class Pair(NamedTuple):
    """A certificate and its key, in PEM."""

    certificate: str
    key: str


class Authority:
    """An authority that nobody knows unless told."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Nobody's authority")])
        self.certificate = _pem(self._signed(self._name, self._key, TODAY, [], is_authority=True))

    def issue(self, host: str = "localhost", *, until: dt.datetime = TODAY + YEAR) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        signed = self._signed(name, key, until - YEAR, [x509.DNSName(host)])
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return Pair(_pem(signed), private.decode())

    def _signed(self, name, key, since, hosts, *, is_authority=False):
        key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since - dt.timedelta(days=1))
            .not_valid_after(since + YEAR)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(key_id, critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        else:
            usage = dict.fromkeys(
                (
                    *("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
                    *("encipher_only", "decipher_only", "digital_signature"),
                ),
                False,
            )
            builder = builder.add_extension(
                x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True
            )
        return builder.sign(self._key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@contextmanager
def serving(folder: Path, pair: Pair, clients_of: str | None = None) -> Iterator[str]:
    """Serve over TLS with this certificate; with ``clients_of`` to those who show one of that authority."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(HTTPServer):
        def handle_error(self, *_: object) -> None:
            pass  # refused handshakes are the point

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for name, text in zip(("certificate.pem", "key.pem"), pair, strict=True):
        (folder / name).write_text(text)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    if clients_of:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients_of)
    server = Quiet(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def get(url: str, ca: str | None, own: Pair | None = None) -> int:
    context = tls_context(ca, own.certificate if own else None, own.key if own else None)
    http = Http(frozenset({url.removeprefix("https://").rstrip("/")}), 10, verify=context)
    try:
        return http.exchange("GET", url).status
    finally:
        http.close()


def told(url: str, ca: str | None, own: Pair | None = None) -> str:
    with pytest.raises(EhrUnreachable) as failed:
        get(url, ca, own)
    return in_words(failed.value)


def test_a_private_authority_is_trusted_once_it_is_named(authority, tmp_path):
    with serving(tmp_path, authority.issue()) as url:
        assert get(url, authority.certificate) == 200
        assert "an issuer unknown here" in told(url, None)


def test_an_expired_certificate_is_told(authority, tmp_path):
    with serving(tmp_path, authority.issue(until=TODAY - dt.timedelta(days=5))) as url:
        assert told(url, authority.certificate) == "the EHR has a certificate that is expired"


def test_a_certificate_of_another_host_is_told(authority, tmp_path):
    with serving(tmp_path, authority.issue("other.example")) as url:
        assert "for another host name" in told(url, authority.certificate)


def test_our_certificate_is_shown_where_one_is_asked_for(authority, tmp_path):
    with serving(tmp_path, authority.issue(), clients_of=authority.certificate) as url:
        assert get(url, authority.certificate, authority.issue("us")) == 200


@pytest.mark.parametrize("stranger", [True, False])
def test_a_client_certificate_that_is_missing_or_not_taken_is_told(authority, tmp_path, stranger):
    own = Authority().issue("us") if stranger else None
    with serving(tmp_path, authority.issue(), clients_of=authority.certificate) as url:
        assert "does not take our client certificate" in told(url, authority.certificate, own)


def test_what_is_no_certificate_is_refused_without_repeating_it(authority):
    pair = authority.issue("us")
    for arguments in (("hidden", None, None), (None, "hidden", "hidden"), (None, pair.certificate, "hidden")):
        with pytest.raises(ValueError, match="cannot be read as PEM") as refused:
            tls_context(*arguments)
        assert "hidden" not in str(refused.value)
