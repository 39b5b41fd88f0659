"""Versions in headers: ``ETag: W/"3"``, ``If-Match: W/"3"``."""

import re

from fhir_mappings.errors import Fault
from service.errors import FaultsInRequest, VersionRequired

_ETAG = re.compile(r'(?:W/)?"([1-9]\d{0,8})"')


def etag(version: int) -> str:
    """Return the ETag of a version: ``3 -> W/"3"``."""
    return f'W/"{version}"'


def version_in(if_match: str | None) -> int | None:
    """Return the version that If-Match names, None without the header.

    Raises ``FaultsInRequest`` (400) where it is not one ETag of ours.
    """
    if if_match is None:
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        fault = Fault("If-Match", "bad-parameter", 'If-Match must be one ETag such as W/"1".')
        raise FaultsInRequest([fault], status=400)
    return int(found[1])


def required_version(if_match: str | None) -> int:
    """Return the version that If-Match names; raises ``VersionRequired`` without the header."""
    version = version_in(if_match)
    if version is None:
        raise VersionRequired("Name the version that is meant in If-Match.", at="If-Match")
    return version


def is_unchanged(if_none_match: str | None, version: int) -> bool:
    """Tell whether the caller has this version already (``If-None-Match``, a list or ``*``)."""
    if if_none_match is None:
        return False
    known = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return "*" in known or f'"{version}"' in known
