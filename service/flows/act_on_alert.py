"""What a person does about an alert: the move of the table, or the refusal that names state and act.

What scores did is left alone: an act changes the status, never the course.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from fhir_mappings import json_text
from fhir_mappings.alert_states import UNDER_WAY, Act, AlertStatus, after, move_of
from fhir_mappings.errors import Fault
from fhir_mappings.instrument import Instrument
from fhir_mappings.repair import REPAIRED
from service.errors import FaultsInRequest, NotFound, StaleVersion, WrongState
from service.flows.alert_versions import news_of
from service.flows.deployment import Access, Deployment, Write
from service.flows.own_words import OwnWords, words_behind
from service.flows.patient_references import reference_here
from service.flows.store_alert import store_alert
from service.flows.write_version import audit_row
from service.store.alert_acts import ActRow, acts_of_alert, add_act
from service.store.alerts import AlertRow, end_alert, find_alert
from service.store.attendance import count_missed_since
from service.store.audit import add_audit
from service.store.database import Tx
from service.store.lost_races import repeat_lost_races
from service.store.patients import Dyad, approach_of, keep_judged, lock_dyad
from service.store.responses import dyad_ratings, place_of
from service.store.search import is_in_sight
from service.store.sight import WHOLE_SIGHT, Sight

OK = 200
_WORDS: Mapping[Act, str] = MappingProxyType(
    {
        "acknowledge": "acknowledged",
        "repair-steps": "given a repair step",
        "resolve-repaired": "resolved as repaired",
        "resolve-unresolved": "resolved as unresolved",
        "dismiss": "dismissed",
    }
)


@dataclass(frozen=True, slots=True)
class PersonsAct:
    """One act. ``by`` is the person's reference, ``step`` and ``reason`` are codes.

    ``words`` are the person's own: they stay in the service.
    """

    act: Act
    by: str
    step: str | None = None
    reason: str | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class AlertWithActs:
    """An alert as it stands, and what people did about it, the first act first.

    ``approach`` is the dyad's, in the clinic's words, None where nobody told; ``words`` are what clients
    wrote on the reports that it rests on. ``missed`` counts appointments that the client did not come to
    since.
    """

    alert: AlertRow
    acts: tuple[ActRow, ...]
    approach: str | None
    words: tuple[OwnWords, ...]
    missed: int

    @property
    def shown_severity(self) -> str:
        """Return the severity to show: one step higher after a missed appointment while it is live.

        Nobody is told anew: missing a session is conduct that would fit, no more.
        """
        return "marked" if self.missed and self.alert.live else self.alert.severity


@repeat_lost_races
def act_on_alert(
    deployment: Deployment, alert_id: str, expected_version: int | None, done: PersonsAct, access: Access
) -> AlertWithActs:
    """Return the alert after the act; what the same person did already changes nothing.

    ``expected_version`` None: whatever its version is. Raises ``NotFound``, ``StaleVersion``, ``WrongState``.
    """
    with deployment.database.write() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        dyad, row = _take(write, alert_id)
        if expected_version is not None and expected_version != row.version:
            raise StaleVersion("The alert has changed since that version; read it again.", at="If-Match")
        done = replace(done, by=reference_here(done.by, deployment.settings))
        if not _is_done_already(row, done):
            row = _move(write, dyad, row, done)
        add_audit(tx, audit_row(access, write.now, OK, row.id, row.alias_row))
        return with_acts(tx, row, deployment.known)


def refuse_another_person(by: str, access: Access, deployment: Deployment, at: str) -> None:
    """Raise ``FaultsInRequest`` where an act names somebody else than the person of the credential."""
    if access.person is None:
        return
    if reference_here(by, deployment.settings) not in (access.person, *access.also):
        message = "The credential is another person's: leave this out, or name that person."
        raise FaultsInRequest([Fault(at, "another-person", message)])


def _take(write: Write, alert_id: str) -> tuple[Dyad, AlertRow]:
    """Return the alert with its dyad, which no review changes meanwhile."""
    found = find_alert(write.tx, write.clinic, alert_id)
    dyad = lock_dyad(write.tx, found.dyad_row) if found else None
    row = find_alert(write.tx, write.clinic, alert_id)
    sight = write.access.sight
    if row is None or dyad is None or not is_in_sight(write.tx, write.clinic, "alert", sight, row.row_id):
        raise NotFound("There is no such alert.")
    return dyad, row


def _is_done_already(row: AlertRow, done: PersonsAct) -> bool:
    same = row.touched_by == done.by and row.status == after(done.act)
    return same and done.act != "repair-steps" and done.reason == row.dismissal


def _move(write: Write, dyad: Dyad, row: AlertRow, done: PersonsAct) -> AlertRow:
    move = move_of(done.act, row.status)
    if move is None:
        raise WrongState(f"The alert is {row.status}: it cannot be {_WORDS[done.act]} now.")
    moved = _next_version(write, row, done, move.after)
    moved = replace(moved, news=news_of(moved, row))
    end_alert(write.tx, row, write.now)
    store_alert(write, moved, dyad.patient_key)
    keep_judged(write.tx, dyad.row, None)
    add_act(write.tx, _act_row(write, moved, done))
    return moved


def _next_version(write: Write, row: AlertRow, done: PersonsAct, status: AlertStatus) -> AlertRow:
    is_over = status not in UNDER_WAY
    return replace(
        row,
        version=row.version + 1,
        status=status,
        live=row.live and not is_over,
        touched_by=done.by,
        touched_at=write.now,
        owner=row.owner or done.by,
        mitigations=_mitigations(row, done, write.now),
        dismissal=done.reason,
        settled_after=_last_place(write, row) if is_over else None,
        ended_at=write.now if is_over else None,
        updated_at=write.now,
        believed_from=write.now,
        row_id=None,
    )


def _mitigations(row: AlertRow, done: PersonsAct, now: str) -> str:
    steps: Mapping[Act, str | None] = {"repair-steps": done.step, "resolve-repaired": REPAIRED}
    if done.act not in steps:
        return row.mitigations
    taken = {"step": steps[done.act], "at": now, "by": done.by}
    return json_text.dumps([*json_text.loads(row.mitigations), taken]).decode()


def _last_place(write: Write, row: AlertRow) -> str:
    """Return the place of the last rating that is known: what comes after it is news again."""
    ratings = dyad_ratings(write.tx, write.clinic, row.dyad_row)
    return place_of(ratings[-1]) if ratings else ""


def _act_row(write: Write, row: AlertRow, done: PersonsAct) -> ActRow:
    return ActRow(
        clinic=write.clinic,
        alert_id=row.id,
        alert_version=row.version,
        act=done.act,
        step=done.step,
        reason=done.reason,
        words=done.words,
        by_person=done.by,
        caller=write.access.caller,
        at=write.now,
    )


def read_alert_with_acts(
    deployment: Deployment, alert_id: str, clinic: str, sight: Sight = WHOLE_SIGHT
) -> AlertWithActs:
    """Return the current version of an alert with every act on it; raises ``NotFound``."""
    with deployment.database.read() as tx:
        row = find_alert(tx, clinic, alert_id)
        if row is None or not is_in_sight(tx, clinic, "alert", sight, row.row_id):
            raise NotFound("There is no such alert.")
        return with_acts(tx, row, deployment.known)


def with_acts(tx: Tx, row: AlertRow, known: Mapping[str, Instrument]) -> AlertWithActs:
    """Return an alert with every act on it, its dyad's approach and the words behind it."""
    return AlertWithActs(
        alert=row,
        acts=tuple(acts_of_alert(tx, row.clinic, row.id)),
        approach=approach_of(tx, row.dyad_row),
        words=words_behind(tx, row, known),
        missed=count_missed_since(tx, row.clinic, row.alias_row, row.therapist, row.session_date),
    )
