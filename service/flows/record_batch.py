"""Record many responses in one transaction: each stored, unchanged or refused as if it had come alone.

The steps are those of ``record_response``; what they ask of the database is asked for all rows at once. Only
the judging is left out: the dyads are marked, and ``judge_imported`` judges each of them once. Whoever else
records the same identifier or session meanwhile is met at the unique indexes, and the batch done again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from fhir_mappings.errors import Fault
from service.errors import Duplicate, RequestRefused
from service.flows.deployment import Write
from service.flows.load import filled_from
from service.flows.new_response import NewResponse
from service.flows.own_ids import own_id, settle_id
from service.flows.patient_references import reference_here
from service.flows.queue_delivery import queue_response
from service.flows.rated_sessions import RatedSessions
from service.flows.record_response import CREATED, why_taken
from service.flows.same_session import find_same_session
from service.flows.tell_treatment_end import OK, NewEnd, take_in_end
from service.flows.want_session import want_session
from service.flows.write_version import audit_row, content_hash, first_version, said_of_dyad, score_rows
from service.settings import Settings
from service.store.audit import add_audits
from service.store.batches import (
    HeldIdentifier,
    WantedDyad,
    held_identifiers,
    id_standings,
    insert_versions,
    ratings_like,
    take_aliases,
    take_dyads,
)
from service.store.dyad_words import tell_words
from service.store.imports import Refusal, leave_unjudged
from service.store.patients import lock_dyads, own_key_of
from service.store.responses import ResponseVersion

_ERASED = "erased"


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One row of a file, by the line on which it begins: a checked response, or why it is none.

    ``end``: the end of its dyad's treatment, where the row tells it.
    """

    line: int
    new: NewResponse | None
    faults: tuple[Fault, ...] = ()
    end: NewEnd | None = None


@dataclass(frozen=True, slots=True)
class BatchDone:
    """What became of a batch: how many rows were recorded or were there already, and every refusal.

    ``deliveries``: how many were queued for the EHR.
    """

    recorded: int
    unchanged: int
    refused: int
    deliveries: int
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A row that no stored response has the identifier of, as the version that it would become."""

    version: ResponseVersion
    patient_key: str


@dataclass(slots=True)
class _Batch:
    """Identifiers and sessions that are known, stored or accepted already, and what is going to be stored."""

    held: dict[tuple[str, str], HeldIdentifier]
    sessions: RatedSessions
    accepted: list[tuple[NewResponse, _Candidate]] = field(default_factory=list)
    unchanged: int = 0


def record_batch(write: Write, rows: Sequence[ImportRow], *, deliver: bool) -> BatchDone:
    """Return what became of each row; ``deliver``: the EHR is to get what was recorded.

    Every response must have an identifier. Raises ``LostRace`` where another write came between.
    """
    held = held_identifiers(write.tx, write.clinic, {_called(row.new) for row in rows if row.new})
    batch = _Batch(held, RatedSessions())
    candidates = _fresh(write, _first_of_each(rows, held), batch)
    refusals: list[Refusal] = []
    refused = 0
    ends: list[NewEnd] = []
    for place, row in enumerate(rows):
        found = list(row.faults)
        if row.new is not None:
            try:
                if place not in candidates and _called(row.new) not in held:
                    # The row before it with its identifier was refused.
                    candidates |= _fresh(write, {place: row.new}, batch)
                _take(write, row.new, candidates.get(place), batch)
            except RequestRefused as why:
                found += why.faults
        refused += bool(found)
        ends += [row.end] if row.end and not found else []
        refusals += [Refusal(row.line, fault.at, fault.reason, fault.message) for fault in found]
    queued = _store(write, batch, deliver=deliver)
    _keep_ends(write, ends)
    return BatchDone(len(batch.accepted), batch.unchanged, refused, queued, tuple(refusals))


def _keep_ends(write: Write, ends: Sequence[NewEnd]) -> None:
    """Keep the ends that rows tell, the latest of each dyad; a word said otherwise before wins."""
    if not ends:
        return
    settings = write.deployment.settings
    latest: dict[tuple[str, str], NewEnd] = {}
    for end in sorted(ends, key=lambda one: one.ended_on):
        latest[reference_here(end.patient, settings), reference_here(end.therapist or "", settings)] = end
    told = {patient for patient, _ in latest}
    aliases = take_aliases(write.tx, write.clinic, told, write.now)
    # Rows that were here already locked no dyad: a caller must not tell of the same end meanwhile.
    lock_dyads(write.tx, write.clinic, {alias.patient_key for alias in aliases.values()})
    kept = [
        (f"patient/{own_key_of(write.tx, aliases[patient])}", aliases[patient].row)
        for (patient, therapist), end in latest.items()
        if take_in_end(write, end, aliases[patient], therapist, "import")
    ]
    if kept:
        add_audits(write.tx, audit_row(write.access, write.now, OK, ""), kept)


def _called(new: NewResponse) -> tuple[str, str]:
    if new.identifier is None:  # the reader of rows asks for one
        raise LookupError("a row without an identifier")
    return new.identifier.system, new.identifier.value


def _first_of_each(rows: Sequence[ImportRow], held: Collection[tuple[str, str]]) -> dict[int, NewResponse]:
    """Return, by its place, the first row of each identifier that no stored response has.

    Another one with it is most likely refused: then not even its patient is to be made.
    """
    found: dict[tuple[str, str], tuple[int, NewResponse]] = {}
    for place, row in enumerate(rows):
        if row.new and _called(row.new) not in held:
            found.setdefault(_called(row.new), (place, row.new))
    return dict(found.values())


def _fresh(write: Write, fresh: Mapping[int, NewResponse], batch: _Batch) -> dict[int, _Candidate | None]:
    """Return what each row would become, by its place; None where it was erased.

    Which sessions were rated that they may be of, the batch knows from here on.
    """
    made = _candidates(write, fresh)
    like = [one.version for one in made.values()]
    for dyad_row, rating in ratings_like(write.tx, write.clinic, like):
        batch.sessions.add(dyad_row, rating)
    return {place: made.get(place) for place in fresh}


def _candidates(write: Write, fresh: Mapping[int, NewResponse]) -> dict[int, _Candidate]:
    """Return what each row would become, by its place; patients and dyads are made where they are new.

    Of what was erased nothing is made again, not even a name: it is left out.
    """
    own = {place: own_id(write, new) or "" for place, new in fresh.items()}
    standings = id_standings(write.tx, write.clinic, set(own.values()))
    wanted = {place: new for place, new in fresh.items() if standings.get(own[place]) != _ERASED}
    settings = write.deployment.settings
    patients = {place: reference_here(new.patient, settings) for place, new in wanted.items()}
    aliases = take_aliases(write.tx, write.clinic, set(patients.values()), write.now)
    asked = {
        place: WantedDyad(aliases[patients[place]].patient_key, _therapist(new, settings))
        for place, new in wanted.items()
    }
    dyads = take_dyads(write.tx, write.clinic, list(asked.values()), write.now)
    made = {}
    for place, new in wanted.items():
        # Arrival is the last word in a dyad's order: no two rows share it.
        moment = write.moment + timedelta(microseconds=place)
        arriving = Write(write.tx, write.deployment, write.access, moment)
        alias, dyad = aliases[patients[place]], dyads[asked[place].patient_key, asked[place].therapist]
        response_id = settle_id(own[place], standings.get(own[place], "free"))
        version = first_version(arriving, new, response_id, alias, dyad)
        made[place] = _Candidate(version, alias.patient_key)
    return made


def _therapist(new: NewResponse, settings: Settings) -> str:
    return reference_here(new.therapist, settings) if new.therapist else ""


def _take(write: Write, new: NewResponse, candidate: _Candidate | None, batch: _Batch) -> None:
    """Accept one row, or see that it is there already; raises ``Duplicate`` and ``Erased``."""
    stored = batch.held.get(_called(new))
    if stored is not None:
        why = why_taken(stored, content_hash(new, write.deployment.settings))
        if why:
            raise Duplicate(why, stored.id)
        batch.unchanged += 1
        return
    if candidate is None:
        settle_id("", _ERASED)
        return
    version = candidate.version
    find_same_session(version, batch.sessions.like(version.dyad_row, version), write.deployment.settings)
    batch.sessions.add(version.dyad_row, version)
    batch.held[_called(new)] = HeldIdentifier(version.id, version.status, version.content_hash)
    batch.accepted.append((new, candidate))


def _store(write: Write, batch: _Batch, *, deliver: bool) -> int:
    """Store what was accepted, in the order of the file, and leave its dyads to be judged.

    Return how many deliveries were queued.
    """
    if not batch.accepted:
        return 0
    queued = 0
    known = write.deployment.known
    filled = [filled_from(one.version, known, new.answers) for new, one in batch.accepted]
    versions = [one.version for _, one in batch.accepted]
    insert_versions(write.tx, list(zip(versions, map(score_rows, filled), strict=True)))
    said = [said_of_dyad(new, one.version) for new, one in batch.accepted]
    tell_words(write.tx, write.clinic, said, write.now)
    for (new, one), form in zip(batch.accepted, filled, strict=True):
        want_session(write, new, one.version.id)
        if deliver:
            queued += len(queue_response(write, form, patient_key=one.patient_key))
    row = replace(audit_row(write.access, write.now, CREATED, ""), resource="QuestionnaireResponse")
    add_audits(write.tx, row, ((one.id, one.alias_row) for one in versions))
    leave_unjudged(write.tx, write.clinic, {one.dyad_row for one in versions})
    return queued
