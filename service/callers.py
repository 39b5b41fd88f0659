"""Who sends a request, as its credential tells: nothing else that a request holds changes it."""

from dataclasses import dataclass

from service.scopes import EVERYTHING, Need, Scope

DEFAULT_CLINIC = "default"
# Whose the rows are that belong to nobody: accesses to what is open to everybody.
NO_CLINIC = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller: ``name`` is what the audit keeps of it, ``clinic`` whose rows it is served.

    ``user`` is the Practitioner who asks through it, ``patient`` the one patient that ``patient/`` scopes
    reach: references, None where the credential names nobody. ``also`` are further references of that
    Practitioner, by their roles; ``person_name`` is what a token calls a person whom it names by no
    reference, or ''. ``supervises``: ``user/`` scopes reach all dyads. The two after that are what the clinic
    lets ``patient/`` scopes see; ``key_id`` is the API key that was shown, if any.
    """

    name: str
    clinic: str = DEFAULT_CLINIC
    scopes: tuple[Scope, ...] = ()
    user: str | None = None
    also: tuple[str, ...] = ()
    person_name: str = ""
    patient: str | None = None
    supervises: bool = False
    patients_see_alerts: bool = False
    patients_see_therapist_forms: bool = False
    key_id: str | None = None

    def may(self, need: Need) -> bool:
        """Tell whether one of the scopes opens this, maybe only a part of it."""
        return any(scope.opens(need) for scope in self.scopes)

    def missing(self, need: Need) -> str:
        """Return the scope that would open this, at the level of those that the caller has."""
        levels = [scope.level for scope in self.scopes]
        return need.spelled(levels[0] if levels else "system")


# Whoever asks on this machine, as long as no callers are configured.
LOOPBACK = Caller("loopback", scopes=EVERYTHING)
# Who asks without a credential for what is open to everybody.
NOBODY = Caller("nobody", NO_CLINIC)
