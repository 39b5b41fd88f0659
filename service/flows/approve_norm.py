"""Put a clinic's own norm into force, once it was seen how the alert rate would have changed.

It judges what is received from then on. What was judged before keeps its norm: an alert never changes because
a norm did.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from fhir_mappings import json_text
from service.alliance.episodes import follow_dyad
from service.alliance.events import Rated
from service.alliance.norms import Norm, read_norm
from service.alliance.parameters import Parameters
from service.alliance.standards import Memory, Standard, judge_on
from service.clock import as_instant
from service.errors import NotFound, WrongState
from service.flows.audit_command import OK, command_access
from service.flows.deployment import Deployment
from service.flows.fit_norms import series_in_language
from service.flows.judge_dyad import JUDGED_SCALE, norm_of
from service.flows.read_standards import read_standards
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.database import Tx
from service.store.norm_ratings import NormRating, series_of_instrument
from service.store.norms import Approval, NormRow, find_norm, insert_approval

# A recording that is under way on another connection reads the norms before this is committed: it must come
# before, by its moment too, or judging it again would use another norm.
_SETTLING = timedelta(seconds=1)
_LATEST = "~"  # later than every instant


@dataclass(frozen=True, slots=True)
class Rate:
    """What one norm says of a clinic's own history, per 100 judged ratings; None where it judged none.

    ``signals_per_100``: possible or marked; ``notices_per_100``: what a clinician would have been told.
    ``norms`` None: no norm was in force.
    """

    norms: str | None
    ratings: int
    signals_per_100: float | None
    notices_per_100: float | None


@dataclass(frozen=True, slots=True)
class Change:
    """How the alert rate would have changed, over so many series of so many clients."""

    clients: int
    series: int
    before: Rate
    after: Rate


def preview_norm(deployment: Deployment, clinic: str, reference: str) -> tuple[Norm, Change]:
    """Return a stored norm and what it would have changed. Raises ``NotFound``."""
    now, parameters = as_instant(deployment.clock()), deployment.parameters
    with deployment.database.read() as tx:
        norm = read_norm(_stored(tx, clinic, reference).text, reference)
        instrument = deployment.known.get(norm.instrument)
        if instrument is None:
            raise NotFound(f"There is no instrument {norm.instrument}.")
        standards = read_standards(tx, deployment, clinic)
        rated = series_of_instrument(tx, clinic, instrument.id, JUDGED_SCALE)
    series = series_in_language(rated, norm.language)
    before = norm_of(instrument, standards, _LATEST, norm.language)
    rule = standards.rule_at(now)
    return norm, Change(
        clients=len({one.patient_key for rows in series for one in rows}),
        series=len(series),
        before=_rate(series, before, rule, parameters),
        after=_rate(series, norm, rule, parameters),
    )


def approve_norm(
    deployment: Deployment, clinic: str, reference: str, change: Change, *, by: str, note: str
) -> None:
    """Put a stored norm into force; who, when, the note and the rates that were shown are kept.

    Raises ``NotFound``, and ``WrongState`` where it is in force already.
    """
    if change.before.norms == reference:
        raise WrongState("This norm is in force already.")
    with deployment.database.write() as tx:
        approval = Approval(
            clinic=clinic,
            norm_row=_stored(tx, clinic, reference).row,
            approved_by=by,
            note=note,
            shown=json_text.dumps(asdict(change)).decode(),
            in_force_from=as_instant(deployment.clock() + _SETTLING),
        )
        insert_approval(tx, approval)
        access = command_access(clinic, "approve-norms")
        add_audit(tx, audit_row(access, as_instant(deployment.clock()), OK, reference))


def _stored(tx: Tx, clinic: str, reference: str) -> NormRow:
    norm_id, _, version = reference.partition("|")
    row = find_norm(tx, clinic, norm_id, version)
    if row is None:
        raise NotFound("There is no such norm here: name it as fit-norms did, such as srs-3-total|fitted-1.")
    return row


def _rate(
    series: Sequence[Sequence[NormRating]], norm: Norm | None, rule: str, parameters: Parameters
) -> Rate:
    if norm is None:
        return Rate(None, 0, None, None)
    ratings = signals = notices = 0
    for rows in series:
        rated = _judged([float(row.total) for row in rows], Standard(norm, rule), parameters)
        ratings += len(rated)
        signals += sum(one.signal is not None for one in rated)
        notices += sum(len(episode.notices) for episode in follow_dyad(rated, parameters))
    return Rate(
        norms=norm.reference,
        ratings=ratings,
        signals_per_100=100 * signals / ratings if ratings else None,
        notices_per_100=100 * notices / ratings if ratings else None,
    )


def _judged(values: Sequence[float], standard: Standard, parameters: Parameters) -> list[Rated]:
    judgements, _ = judge_on(Memory(), values, standard, parameters)
    return [
        Rated(str(place), standard.norm.instrument, value, judgement)
        for place, (value, judgement) in enumerate(zip(values, judgements, strict=True))
    ]
