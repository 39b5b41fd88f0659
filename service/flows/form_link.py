"""A form link as flows use it: for whom, which forms in which words, until when; and what opens it.

The token in the address is 256 random bits; the code for a shared tablet eight of 27 letters and digits, one
of 2.8e11. Both are kept as hashes alone, and both open one link of one clinic.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from fhir_mappings import json_text
from fhir_mappings.instrument import Instrument
from fhir_mappings.translations import descriptors
from fhir_mappings.words import Words
from service.clock import from_instant
from service.errors import NotFound
from service.flows.deployment import Deployment
from service.store.form_links import OPEN, FormLinkRow

Layout = Literal["one-page", "one-each"]
Standing = Literal["open", "used", "revoked", "expired"]

# Below it lie the form's page, the page where a code is typed, and what they load.
FORMS = "/form/"
# What is neither a vowel nor taken for another when it is read out or typed: no O and 0, no I, L and 1.
CODE_LETTERS = "BCDFGHJKMNPQRSTVWXZ23456789"
CODE_LENGTH = 8
CODE_LIFE = timedelta(hours=12)
# Answers may wait so long on the device of who gave them for a network.
LONGEST_WAIT = timedelta(hours=1)
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class LinkedForm:
    """One form of a link; ``wording`` is the version of the clinic's own, None for our own words."""

    instrument: str
    wording: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFacts:
    """What the link's maker said. ``language`` None: whichever the reader's browser asks for."""

    patient: str
    respondent: str
    therapist: str | None
    encounter: str | None
    session_number: int | None
    session_date: str | None
    another_session: bool
    age_years: int | None
    site: str | None
    team: str | None
    approach: str | None
    language: str | None
    layout: Layout
    forms: tuple[LinkedForm, ...]

    def kept(self) -> str:
        """Return it as the text that is kept."""
        return json_text.dumps(asdict(self)).decode()


@dataclass(frozen=True, slots=True)
class FormLink:
    """One link with its facts. ``at_kiosk``: it was opened by a code, on a tablet that others use too."""

    row: FormLinkRow
    facts: LinkFacts
    at_kiosk: bool = False

    def standing(self, at: datetime) -> Standing:
        """Return how it stands at a moment; one that is used or revoked never expires."""
        if self.row.state != OPEN:
            return "used" if self.row.state == "used" else "revoked"
        return "open" if at < from_instant(self.row.expires_at) else "expired"

    @property
    def outcome(self) -> Mapping[str, Any]:
        """Return what each form came to, by instrument id: ``{"response": id, "recorded": bool}``."""
        found: Mapping[str, Any] = json_text.loads(self.row.outcome)
        return found


def to_form_link(row: FormLinkRow, *, at_kiosk: bool = False) -> FormLink:
    """Return a kept link."""
    facts = json_text.loads(row.facts)
    forms = tuple(LinkedForm(**one) for one in facts.pop("forms"))
    return FormLink(row, LinkFacts(**facts, forms=forms), at_kiosk)


def found_or_refused(row: FormLinkRow | None) -> FormLink:
    """Return a link that was found; raises ``NotFound``."""
    if row is None:
        raise NotFound("There is no such form link.")
    return to_form_link(row)


def words_of_form(instrument: Instrument, wording: str | None) -> tuple[Words, ...]:
    """Return the words of a form, the language that it is in first."""
    form = instrument.clinic_form(wording)
    return form.words if form else descriptors(instrument)


def linked_instruments(deployment: Deployment, facts: LinkFacts) -> list[tuple[Instrument, LinkedForm]]:
    """Return the link's forms that are still known, in order."""
    known = deployment.known
    return [(known[form.instrument], form) for form in facts.forms if form.instrument in known]


def new_token() -> str:
    """Return what opens a link, for its address."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def new_code() -> str:
    """Return what opens a link when it is typed."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def as_code(typed: str) -> str:
    """Return a code as it was given out, however it was typed: small, with blanks or a dash."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())


def hash_of(secret: str) -> str:
    """Return what is kept of a token or code."""
    return hashlib.sha256(secret.encode()).hexdigest()
