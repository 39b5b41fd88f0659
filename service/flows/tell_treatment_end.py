"""Keep that a treatment ended, take it back, and list it; nothing is judged by it.

An end holds until a session after its date: then treatment went on, whoever told what. So nothing needs to
be undone when a response comes late, or is withdrawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from service.errors import NotFound, ScopeMissing, StaleVersion
from service.flows.deployment import Access, Deployment, Write
from service.flows.keep_in_sight import sight_of_patient
from service.flows.patient_references import reference_here
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.database import Tx
from service.store.lost_races import repeat_lost_races
from service.store.patients import (
    Alias,
    Dyad,
    dyads_by_therapist,
    find_alias,
    find_dyad,
    own_key_of,
    rows_of_patient,
)
from service.store.treatment_ends import (
    EndReason,
    EndSource,
    TreatmentEnd,
    ends_of_patient,
    keep_end,
    last_sessions,
    last_word,
)

OK, NO_CONTENT = 200, 204
_NO_DYAD = "This patient was never seen with this therapist here."
_NONE_TOLD = "No end of this treatment was told."
_BEYOND = "The credential does not reach this patient or therapist."
_CHANGED = "What is told of this end has changed since that version; read it again."


@dataclass(frozen=True, slots=True)
class NewEnd:
    """An end of treatment, checked already. References are as sent; ``therapist`` None: it is not known.

    ``by`` is the person who tells it, ``episode`` the EHR's EpisodeOfCare that does.
    """

    patient: str
    therapist: str | None
    ended_on: str
    reason: EndReason
    by: str | None = None
    episode: str | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An end to take back, checked already; ``by`` is the person who does."""

    patient: str
    therapist: str | None
    by: str


@dataclass(frozen=True, slots=True)
class ToldEnd:
    """An end as it is kept; ``went_on`` is the date of a session after it: then it does not stand."""

    end: TreatmentEnd
    went_on: str | None


def version_of(standing: TreatmentEnd | None) -> str:
    """Return what tells one word on a dyad's end that stands from the next; ``none`` where none does."""
    return "none" if standing is None else standing.believed_from


@repeat_lost_races
def tell_treatment_end(
    deployment: Deployment, new: NewEnd, access: Access, *, expected_version: str | None = None
) -> ToldEnd:
    """Return the end as it is kept now; the same again changes nothing, another word replaces the one before.

    ``expected_version`` (of ``version_of``) None: whatever was told before. Raises ``StaleVersion``,
    ``ScopeMissing`` beyond the caller's sight, and ``NotFound`` for a dyad that is not known here: an end
    that counts nowhere would let a therapy look broken off.
    """
    with deployment.database.write() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        alias, dyad = _find(write, new.patient, new.therapist)
        rows = rows_of_patient(tx, write.clinic, alias.patient_key)
        kept = last_word(tx, write.clinic, rows, dyad.therapist)
        row = end_row(write, new, alias, dyad.therapist, "caller")
        if kept is None or not _says_the_same(kept, row):
            _refuse_stale(write, kept, dyad, expected_version)
            _replace(write, rows, row)
            kept = row
        add_audit(tx, audit_row(access, write.now, OK, f"patient/{own_key_of(tx, alias)}", alias.row))
        return _told(tx, kept, dyad.row)


@repeat_lost_races
def withdraw_treatment_end(
    deployment: Deployment, gone: Withdrawal, access: Access, *, expected_version: str | None = None
) -> None:
    """Take an end back: it was told wrongly, or treatment goes on. Again it changes nothing.

    Raises ``StaleVersion`` and ``ScopeMissing`` as above, and ``NotFound`` where none was told.
    """
    with deployment.database.write() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        alias, dyad = _find(write, gone.patient, gone.therapist)
        rows = rows_of_patient(tx, write.clinic, alias.patient_key)
        kept = last_word(tx, write.clinic, rows, dyad.therapist)
        if kept is None:
            raise NotFound(_NONE_TOLD)
        if not kept.withdrawn:
            _refuse_stale(write, kept, dyad, expected_version)
            by = reference_here(gone.by, deployment.settings)
            said = {"withdrawn": True, "source": "caller", "told_by": by, "believed_from": write.now}
            _replace(write, rows, replace(kept, **said))  # type: ignore[arg-type] # of the fields' own types
        subject = f"patient/{own_key_of(tx, alias)}"
        add_audit(tx, audit_row(access, write.now, NO_CONTENT, subject, alias.row))


def list_treatment_ends(
    deployment: Deployment, references: Sequence[str], access: Access
) -> tuple[list[ToldEnd], str]:
    """Return the ends told of a patient, by date, and the audit's subject ('' for one never seen)."""
    with deployment.database.read() as tx:
        known = [alias for one in references if (alias := find_alias(tx, access.clinic, one))]
        if not known:
            return [], ""
        alias, key = known[0], known[0].patient_key
        seen = sight_of_patient(tx, access.clinic, access.sight, key)
        told = ends_of_patient(tx, access.clinic, rows_of_patient(tx, access.clinic, key))
        latest = {one.therapist: one for one in told if seen.reaches(one.therapist)}
        dyads = dyads_by_therapist(tx, access.clinic, key)
        ends = [_told(tx, one, dyads[one.therapist]) for one in latest.values() if one.therapist in dyads]
        return ends, f"patient/{own_key_of(tx, alias)}"


def take_in_end(write: Write, new: NewEnd, alias: Alias, therapist: str, source: EndSource) -> bool:
    """Tell whether what an import or the EHR says was kept: a caller's word of that day or a later one wins.

    So it does where the caller took the end back. Of two others the later end wins.
    """
    rows = rows_of_patient(write.tx, write.clinic, alias.patient_key)
    kept = last_word(write.tx, write.clinic, rows, therapist)
    row = end_row(write, new, alias, therapist, source)
    if kept is not None and not _gives_way(kept, row):
        return False
    _replace(write, rows, row)
    return True


def _gives_way(kept: TreatmentEnd, row: TreatmentEnd) -> bool:
    if _says_the_same(kept, row):
        return False
    if kept.source == "caller":
        return row.ended_on > kept.ended_on
    is_corrected = row.episode is not None and row.episode == kept.episode
    return is_corrected or kept.withdrawn or row.ended_on > kept.ended_on


def end_row(write: Write, new: NewEnd, alias: Alias, therapist: str, source: EndSource) -> TreatmentEnd:
    """Return the row of an end that holds."""
    return TreatmentEnd(
        clinic=write.clinic,
        alias_row=alias.row,
        therapist=therapist,
        ended_on=new.ended_on,
        reason=new.reason,
        source=source,
        told_by=reference_here(new.by, write.deployment.settings) if new.by else None,
        episode=new.episode,
        withdrawn=False,
        believed_from=write.now,
    )


def _find(write: Write, patient: str, therapist: str | None) -> tuple[Alias, Dyad]:
    """Return the patient's alias, and the dyad, locked."""
    settings = write.deployment.settings
    reference, with_whom = reference_here(patient, settings), reference_here(therapist or "", settings)
    if not write.access.sight.takes(reference, with_whom, None):
        raise ScopeMissing((), _BEYOND)
    alias = find_alias(write.tx, write.clinic, reference)
    dyad = find_dyad(write.tx, write.clinic, alias.patient_key, with_whom) if alias else None
    if alias is None or dyad is None:
        raise NotFound(_NO_DYAD)
    return alias, dyad


def _refuse_stale(write: Write, kept: TreatmentEnd | None, dyad: Dyad, expected_version: str | None) -> None:
    if expected_version is None:
        return
    stands = kept is not None and not kept.withdrawn and _told(write.tx, kept, dyad.row).went_on is None
    if expected_version != version_of(kept if stands else None):
        raise StaleVersion(_CHANGED, at="version")


def _replace(write: Write, alias_rows: Sequence[int], row: TreatmentEnd) -> None:
    """Keep a word; what holds of other names of the patient is taken back, else one of them would count."""
    for one in ends_of_patient(write.tx, write.clinic, alias_rows):
        if one.therapist == row.therapist and one.alias_row != row.alias_row:
            keep_end(write.tx, replace(one, withdrawn=True, believed_from=write.now))
    keep_end(write.tx, row)


def _says_the_same(one: TreatmentEnd, other: TreatmentEnd) -> bool:
    said = ("ended_on", "reason", "source", "told_by", "episode", "withdrawn")
    return all(getattr(one, name) == getattr(other, name) for name in said)


def _told(tx: Tx, end: TreatmentEnd, dyad_row: int) -> ToldEnd:
    last = last_sessions(tx, end.clinic, [dyad_row]).get(dyad_row, "")
    return ToldEnd(end, last if last > end.ended_on else None)
