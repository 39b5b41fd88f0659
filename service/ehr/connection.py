"""The way to the EHR that the settings describe: its connections, and our credentials there."""

from collections.abc import Callable

from service.clock import Clock
from service.ehr.auth.credentials import NO_CREDENTIALS, Credentials, TokenCredentials, basic, bearer
from service.ehr.auth.discovery import discover_token_url
from service.ehr.auth.keys import SigningKey, read_keys
from service.ehr.auth.token_endpoint import Proof, SecretProof, SignedProof, TokenEndpoint
from service.ehr_settings import EhrSettings
from service.errors import SettingsRefused
from service.http import Exchange, Http, host_of, note_nothing
from service.tls import tls_context


def open_http(settings: EhrSettings, note: Callable[[Exchange], None] = note_nothing) -> Http:
    """Return connections to the EHR's host and its token endpoint's, and no other.

    ``note`` is told how each exchange went.

    Raises ``SettingsRefused`` where a certificate or key for it cannot be read.
    """
    addresses = (settings.ehr_base_url, settings.ehr_token_url)
    proxy = settings.ehr_proxy.get_secret_value() if settings.ehr_proxy else None
    key = settings.ehr_client_key.get_secret_value() if settings.ehr_client_key else None
    try:
        context = tls_context(settings.ehr_ca, settings.ehr_client_cert, key)
    except ValueError as error:
        raise SettingsRefused([f"ALLIANCE_EHR_CA, ALLIANCE_EHR_CLIENT_CERT: {error}"]) from error
    return Http(
        frozenset(host_of(address) for address in addresses if address),
        settings.ehr_timeout_seconds,
        verify=context,
        proxy=proxy,
        note=note,
    )


def signing_keys(settings: EhrSettings) -> tuple[SigningKey, ...]:
    """Return our key pairs, the one that signs first; none where none are set.

    Raises ``SettingsRefused`` naming each setting whose keys cannot be used.
    """
    found: list[SigningKey] = []
    faults = []
    for name in ("ehr_keys", "ehr_other_keys"):
        given = getattr(settings, name)
        try:
            found += read_keys(given.get_secret_value()) if given else ()
        except ValueError as error:
            faults.append(f"ALLIANCE_{name.upper()}: {error}")
    if faults:
        raise SettingsRefused(faults)
    return tuple(found)


def credentials_for(settings: EhrSettings, http: Http, clock: Clock) -> Credentials:
    """Return how we sign in at the EHR of the settings. Raises ``SettingsRefused``; asks nobody yet."""
    if settings.ehr_auth == "bearer" and settings.ehr_token:
        return bearer(settings.ehr_token.get_secret_value())
    if settings.ehr_auth == "basic" and settings.ehr_user and settings.ehr_password:
        return basic(settings.ehr_user, settings.ehr_password.get_secret_value())
    proof = _proof(settings)
    if proof is None or settings.ehr_base_url is None:
        return NO_CREDENTIALS
    base_url, token_url = settings.ehr_base_url, settings.ehr_token_url

    def find_url() -> str:
        return token_url or discover_token_url(http, base_url)

    endpoint = TokenEndpoint(http, find_url, proof, settings.ehr_scopes, clock)
    return TokenCredentials(endpoint.fetch, clock)


def _proof(settings: EhrSettings) -> Proof | None:
    if settings.ehr_auth == "smart":
        return SignedProof(settings.ehr_client_id or "", signing_keys(settings)[0])
    if settings.ehr_auth == "client-secret" and settings.ehr_client_secret:
        secret = settings.ehr_client_secret.get_secret_value()
        in_body = settings.ehr_client_secret_in == "body"  # noqa: S105 - a place, not a secret
        return SecretProof(settings.ehr_client_id or "", secret, in_body)
    return None
