"""In which language texts for people are answered: as asked in the address, else as the caller prefers."""

from collections.abc import Collection
from typing import Annotated

from fastapi import Header, Query

from service.alliance.guidance import guidance_by_language

Language = Annotated[
    str | None,
    Query(
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}$",
        description="Language of the texts, BCP 47; without it as Accept-Language says, else English.",
        examples=["de"],
    ),
]
AcceptLanguage = Annotated[str | None, Header(description="Language of the texts for people, by preference.")]
VARIES = {"Vary": "Accept-Language"}


def asked_language(language: str | None, accepted: str | None) -> str | None:
    """Return the language of the address, else the one of ours that the caller likes best, else None."""
    return language or preferred_language(accepted or "", guidance_by_language())


def preferred_language(header: str, known: Collection[str]) -> str | None:
    """Return the first known language by weight; one that cannot be read or weighs 0 does not count.

    Example: ``fr-CA;q=0.8, de`` -> de. Source: RFC 9110, 12.5.4.
    """
    weighed = [(-_weight(parts), _base(parts)) for parts in header.split(",")]
    liked = sorted((one for one in weighed if one[0] < 0), key=lambda one: one[0])
    return next((language for _, language in liked if language in known), None)


def _base(part: str) -> str:
    return part.partition(";")[0].strip().partition("-")[0].lower()


def _weight(part: str) -> float:
    _, _, weight = part.partition(";")
    name, _, value = weight.strip().partition("=")
    if not weight:
        return 1.0
    is_number = name.strip() == "q" and value.replace(".", "", 1).isdecimal() and value.isascii()
    return float(value) if is_number else 0.0
