"""From the scopes of a caller to what of the clinic is in sight for one right on one type."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from service.api.fhir.offered import OFFERED
from service.api.fhir.values import BadValueError, Context, context_of
from service.callers import Caller
from service.flows.deployment import Deployment
from service.flows.patient_references import reference_here, references_to_patient
from service.scopes import Need, Scope
from service.settings import Settings
from service.store.conditions import Always, Condition
from service.store.sight import WHOLE_SIGHT, Part, Sight

# What tells of a possible strain, or why treatment ended: not for patients, unless their clinic says so.
_CLINICIANS_TYPES = frozenset({"DetectedIssue", "Task", "Flag", "EpisodeOfCare"})
_OWN_FORMS = ("client",)
# Granular scopes narrow reads of these; for any other type, and for writes, they open nothing.
_GRANULAR = frozenset({"Observation", "QuestionnaireResponse"})
_TO_SEE_ALERTS = Need("DetectedIssue", "s")


def find_sight(deployment: Deployment, caller: Caller, need: Need) -> Sight:
    """Return what a caller has in sight for one need, where no request of theirs is under way."""
    context = context_of(deployment, f"{deployment.settings.public_base_url or ''}/fhir", caller.name)
    return Grants(caller, deployment.settings, context).sight(need)


@dataclass(frozen=True, slots=True)
class Grants:
    """What one caller may do in its clinic; ``context`` says what the values of granular scopes mean."""

    caller: Caller
    settings: Settings
    context: Context

    def sight(self, need: Need) -> Sight:
        """Return what is in sight for this; without any part, nothing is granted."""
        parts = tuple(part for scope in self.caller.scopes for part in self._parts(scope, need))
        return WHOLE_SIGHT if any(part.is_whole for part in parts) else Sight(parts)

    def tells_alerts(self, sight: Sight) -> bool:
        """Tell whether tiers, prompts and alerts of what is in this sight may be told beside it."""
        alerts = self.sight(_TO_SEE_ALERTS)
        return alerts.is_whole or (bool(alerts.parts) and alerts == sight.without_granular())

    def _parts(self, scope: Scope, need: Need) -> Iterator[Part]:
        """Yield the one part that a scope gives, or none."""
        if not scope.opens(need):
            return
        held = self._held(scope, need)
        conditions = self._conditions(scope, need)
        if held is not None and conditions is not None:
            yield Part(held.patients, held.therapists, held.perspectives, conditions)

    def _held(self, scope: Scope, need: Need) -> Part | None:
        """Return to whom a scope is held by its level; None where it reaches nobody."""
        caller = self.caller
        if scope.level == "system" or (scope.level == "user" and caller.supervises):
            return Part()
        if scope.level == "user":
            if caller.user is None:
                return None
            return Part(therapists=(reference_here(caller.user, self.settings), *caller.also))
        if caller.patient is None or (need.type in _CLINICIANS_TYPES and not caller.patients_see_alerts):
            return None
        forms = None if caller.patients_see_therapist_forms else _OWN_FORMS
        return Part(references_to_patient(caller.patient, self.settings), perspectives=forms)

    def _conditions(self, scope: Scope, need: Need) -> tuple[Condition, ...] | None:
        """Return what a granular scope asks for; None where it cannot be held to that."""
        if not scope.narrowed:
            return ()
        if need.type not in _GRANULAR or need.right not in "rs":
            return None
        parameters = next(one for one in OFFERED if one.type == need.type).by_name
        found: list[Condition] = []
        for name, value in scope.narrowed:
            try:
                read = parameters[name].read(value, self.context)
            except (KeyError, BadValueError):
                return None
            if not isinstance(read, get_args(Condition)):
                return None
            if read != Always(holds=True):
                found.append(read)
        return tuple(found)
