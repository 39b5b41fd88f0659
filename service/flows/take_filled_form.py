"""Take what a client filled in under a form link: recorded like any response, once, and the link is closed.

All forms and the link's end stand in one transaction. The response's identifier is made of the link's id, so
that even a database restored from before knows what comes again.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from fhir_mappings import json_text
from fhir_mappings.answers import canonical_answers, check_answers
from fhir_mappings.errors import AnswersRefused, Fault
from fhir_mappings.filled import Answers, Identifier
from fhir_mappings.instrument import Instrument
from fhir_mappings.words import best_words
from service.errors import Duplicate, FaultsInRequest
from service.flows.deployment import Access, Deployment, Write
from service.flows.form_link import (
    LONGEST_WAIT,
    FormLink,
    LinkedForm,
    Standing,
    linked_instruments,
    words_of_form,
)
from service.flows.new_response import NewResponse
from service.flows.open_form import as_form, form_of
from service.flows.record_response import record_within
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.form_links import USED, close_form_link
from service.store.lost_races import repeat_lost_races

OK, CONFLICT = 200, 409


@dataclass(frozen=True, slots=True)
class FilledForms:
    """What came from the page: answers by instrument id, each as ``check_answers`` takes them.

    ``language`` is the one that was shown; ``waited`` how long the answers lay on the device;
    ``offset`` how far its clock is ahead of UTC. ``body`` is the request, byte for byte.
    """

    answers: Mapping[str, Mapping[str, Any]]
    language: str | None
    waited: timedelta
    offset: timedelta
    body: bytes


@dataclass(frozen=True, slots=True)
class _Filling:
    """One form with its checked answers."""

    instrument: Instrument
    form: LinkedForm
    answers: Answers


@repeat_lost_races
def take_filled_form(
    deployment: Deployment, token: str, filled: FilledForms, access: Access
) -> Standing | None:
    """Return ``open`` where the answers are kept now, or were before; else why the link takes none.

    None: no link has this token. Answers that waited for a network are taken up to an hour after the link's
    end, where they were given before it. Raises ``FaultsInRequest``.
    """
    now = deployment.clock()
    with deployment.database.write() as tx:
        link = form_of(tx, deployment.clinic, token, to_close=True)
        if link is None:
            return None
        write = Write(tx, deployment, as_form(access, deployment.clinic), now)
        standing = link.standing(now - min(filled.waited, LONGEST_WAIT))
        if standing == "revoked" or standing == "expired":  # noqa: PLR1714 - as the type's words
            _audit(write, link, CONFLICT)
            return standing
        fillings = _check(deployment, link, filled)
        content = _content_hash(fillings)
        if standing == "used":
            is_again = link.row.content_hash == content
            _audit(write, link, OK if is_again else CONFLICT)
            return "open" if is_again else "used"
        outcome = {one.instrument.id: _record(write, link, one, filled) for one in fillings}
        close_form_link(
            tx, link.row, USED, write.now, content_hash=content, outcome=json_text.dumps(outcome).decode()
        )
        return "open"


def _check(deployment: Deployment, link: FormLink, filled: FilledForms) -> list[_Filling]:
    """Return every form of the link that was answered, in order; a form left blank is left out."""
    known = linked_instruments(deployment, link.facts)
    ids = {instrument.id for instrument, _ in known}
    faults = [
        Fault("answers", "unknown-form", "The link has no such form.")
        for one in filled.answers
        if one not in ids
    ]
    found = []
    for instrument, form in known:
        given = {key: one for key, one in filled.answers.get(instrument.id, {}).items() if not _is_blank(one)}
        if not given:
            continue
        try:
            found.append(_Filling(instrument, form, check_answers(instrument, given)))
        except AnswersRefused as refused:
            faults += [
                Fault(f"answers.{instrument.id}.{one.at}", one.reason, one.message) for one in refused.faults
            ]
    if not found and not faults:
        faults.append(Fault("answers", "nothing-answered", "There is no answer."))
    if faults:
        raise FaultsInRequest(faults)
    return found


def _is_blank(answer: object) -> bool:
    return answer is None or answer == [] or (isinstance(answer, str) and not answer.strip())


def _content_hash(fillings: list[_Filling]) -> str:
    content = [[one.instrument.reference, canonical_answers(one.instrument, one.answers)] for one in fillings]
    return hashlib.sha256(json_text.dumps(content)).hexdigest()


def _record(write: Write, link: FormLink, one: _Filling, filled: FilledForms) -> Mapping[str, Any]:
    """Return what recording one form came to.

    A session that was rated on this form already keeps that rating: the client can do nothing about it, and
    the other forms must not be lost by it. The link tells its maker.
    """
    new = _to_response(write, link, one, filled)
    try:
        return {"response": record_within(write, new).filled.id, "recorded": True}
    except Duplicate as duplicate:
        add_audit(
            write.tx, audit_row(write.access, write.now, CONFLICT, duplicate.stored_id, link.row.alias_row)
        )
        return {"response": duplicate.stored_id, "recorded": False}


def _to_response(write: Write, link: FormLink, one: _Filling, filled: FilledForms) -> NewResponse:
    facts = link.facts
    given_at = (write.moment - filled.waited).astimezone(timezone(filled.offset))
    words = best_words(words_of_form(one.instrument, one.form.wording), facts.language or filled.language)
    system = write.deployment.names.identifier("form-link")
    return NewResponse(
        instrument=one.instrument,
        answers=one.answers,
        patient=facts.patient,
        source=facts.respondent,
        author=None,
        therapist=facts.therapist,
        encounter=facts.encounter,
        authored=_to_seconds(given_at),
        session_date=facts.session_date,
        session_number=facts.session_number,
        another_session=facts.another_session,
        identifier=Identifier(system, f"{link.row.id}.{one.instrument.id}"),
        language=words.language,
        age_years=facts.age_years,
        site=facts.site,
        team=facts.team,
        approach=facts.approach,
        ehr_reference=None,
        origin="form",
        body=filled.body,
        wording=one.form.wording,
    )


def _to_seconds(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _audit(write: Write, link: FormLink, status: int) -> None:
    add_audit(write.tx, audit_row(write.access, write.now, status, link.row.id, link.row.alias_row))
