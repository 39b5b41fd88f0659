"""Where an EHR gives its tokens out: the token endpoint that its SMART configuration names.

Source: hl7.org/fhir/smart-app-launch/conformance.html.
"""

import re

from fhir_mappings import json_text
from service.addresses import is_private, is_web_address
from service.ehr.told import in_words
from service.errors import EhrError, SignInFailed
from service.http import Http, host_of, same_host

PATH = ".well-known/smart-configuration"
_OK = 200
_HOST = re.compile(r"[a-z0-9.:\[\]-]{1,100}")
_SET = "set ALLIANCE_EHR_TOKEN_URL"


def discover_token_url(http: Http, base_url: str) -> str:
    """Return the token endpoint of the EHR at ``base_url``.

    Raises ``SignInFailed`` where none is told, or one that a secret may not be sent to: on another host than
    the EHR's (a person has to allow that by naming it), or not by https.
    """
    token_url = _told(http, base_url)
    if not same_host(token_url, base_url):
        raise SignInFailed(
            "token-host-not-allowed",
            f"the EHR gives its tokens out on another host{_named(token_url)}; to allow it {_SET}",
        )
    if not is_private(token_url):
        raise SignInFailed("token-not-https", f"the EHR names a token endpoint without https; {_SET}")
    return token_url


def _told(http: Http, base_url: str) -> str:
    try:
        answer = http.exchange("GET", f"{base_url}/{PATH}", {"Accept": "application/json"})
    except EhrError as error:
        raise SignInFailed(f"discovery-{error.code}", in_words(error)) from error
    if answer.status != _OK:
        raise SignInFailed(
            f"discovery-status-{answer.status}",
            f"the EHR has no SMART configuration ({answer.status}) to name its token endpoint; {_SET}",
        )
    try:
        found = json_text.loads(answer.body)
    except ValueError:
        found = None
    token_url = found.get("token_endpoint") if isinstance(found, dict) else None
    if not isinstance(token_url, str) or not is_web_address(token_url):
        raise SignInFailed(
            "discovery-no-endpoint", f"the EHR's SMART configuration names no token endpoint; {_SET}"
        )
    return token_url


def _named(address: str) -> str:
    host = host_of(address)
    return f" ({host})" if _HOST.fullmatch(host) else ""
