"""Check the way to the EHR step by step, and tell each step in plain words; nothing is written.

Nothing of a record is repeated: not even the name of a patient who was looked up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

from service.ehr.allowed import guess_profile
from service.ehr.auth.missing_scopes import missing_rights
from service.ehr.capabilities import Capabilities
from service.ehr.client import EhrClient
from service.ehr.lookup import Lookup
from service.ehr.profile_file import load_profile, profile_names
from service.ehr.rungs import choose_rungs, explain
from service.ehr.told import in_words
from service.ehr_settings import EhrSettings
from service.errors import EhrError, EhrUnreadable

# Assertions and tokens bear clocks a minute apart.
CLOCKS_APART_SECONDS = 60.0
# Answers to a request for its statement that no FHIR server gives.
_NO_FHIR = frozenset({"status-404", "status-410", "not-json", "not-an-object", "no-capability-statement"})
_BASE = "ALLIANCE_EHR_BASE_URL must be what stands before /metadata"
# Refusals of an id that nobody has: who says so looked at it.
_LET_IN = frozenset({"status-400", "status-422"})
_RESPONSE = "QuestionnaireResponse"
_SCORE = "Observation"
_TOLD_TYPES = (
    *(_RESPONSE, _SCORE, "DocumentReference", "Communication", "Provenance"),
    *("DetectedIssue", "Task", "Flag"),
)
_ALSO_READ = ("Patient", "Encounter", "Practitioner")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the check; ``sentence`` says what was seen. ``counts`` False: a mere remark."""

    name: str
    well: bool
    sentence: str
    counts: bool = True


@dataclass(frozen=True, slots=True)
class TypeSeen:
    """What we may do with one resource type there: declared, granted and let through by the profile."""

    resource_type: str
    create: bool
    update: bool
    search: bool


@dataclass(frozen=True, slots=True)
class EhrReport:
    """All steps that could be done, in order; ``capabilities`` None where the EHR did not tell them.

    ``bites`` is what the profile knows to go wrong with such an EHR, and where that is from.
    """

    steps: tuple[Step, ...]
    types: tuple[TypeSeen, ...] = ()
    plan: tuple[str, ...] = ()
    bites: tuple[str, ...] = ()
    capabilities: Capabilities | None = field(default=None, repr=False)

    @property
    def well(self) -> bool:
        """Tell whether every step that counts went well."""
        return all(step.well for step in self.steps if step.counts)


def check_ehr(client: EhrClient, settings: EhrSettings, patient: str | None) -> EhrReport:
    """Return what is seen of the EHR; ``patient`` is a reference to look up, such as ``Patient/anna``.

    A step whose ground is missing is left out: without a token nothing else is tried.
    """
    steps = [_step(client, "sign-in", lambda: _sign_in(client, settings))]
    if not steps[0].well:
        return EhrReport(tuple(steps))
    try:
        capabilities = client.capabilities()
    except EhrError as error:
        return EhrReport((*steps, _scopes(client, settings), _no_statement(client, error)))
    steps += [_scopes(client, settings), _statement(capabilities), _profile(client, capabilities)]
    steps.append(_step(client, "clock", lambda: _clock(client)))
    steps.append(_step(client, "search", lambda: _search(client, capabilities)))
    if not steps[-1].counts:
        steps.append(_step(client, "access", lambda: _access(client)))
    if patient:
        steps.append(_step(client, "patient", lambda: _patient(client, patient)))
    return EhrReport(
        steps=tuple(steps),
        types=(
            *(_seen(one, capabilities) for one in _TOLD_TYPES),
            # Of these we never write any.
            *(replace(_seen(one, capabilities), create=False, update=False) for one in _ALSO_READ),
        ),
        plan=tuple(explain(choose_rungs(capabilities, client.profile.rungs))),
        bites=tuple(f"{note.text} ({note.source})" for note in client.profile.notes),
        capabilities=capabilities,
    )


def _step(client: EhrClient, name: str, take: Callable[[], Step]) -> Step:
    try:
        return take()
    except EhrError as error:
        return Step(name, well=False, sentence=_capital(_told(client, error)))


def _told(client: EhrClient, error: EhrError) -> str:
    """Return what went wrong; whether credentials were refused or none were sent, the client knows."""
    return client.trouble() if error.code == "status-401" else in_words(error)


def _sign_in(client: EhrClient, settings: EhrSettings) -> Step:
    client.sign_in()
    kind = settings.ehr_auth
    said = {
        "none": "No sign-in is configured (ALLIANCE_EHR_AUTH): the EHR gets no credentials.",
        "bearer": "The fixed token is sent; the EHR says below whether it takes it.",
        "basic": "User and password are sent; the EHR says below whether it takes them.",
    }
    return Step("sign-in", well=True, sentence=said.get(kind, "The token endpoint gave us a token."))


def _scopes(client: EhrClient, settings: EhrSettings) -> Step:
    granted = client.granted_scopes()
    if granted is None:
        return Step("scopes", well=True, sentence="Nobody tells which scopes we have.", counts=False)
    missing = missing_rights(settings.ehr_scopes, granted, client.profile, client.known_to_declare)
    if missing:
        return Step("scopes", well=False, sentence=f"Not granted: {', '.join(missing)}.")
    return Step("scopes", well=True, sentence=f"Granted: {granted}.")


def _no_statement(client: EhrClient, error: EhrError) -> Step:
    sentence = _capital(_told(client, error))
    if error.code in _NO_FHIR:
        sentence = f"There is no FHIR server at this address ({error.code}): {_BASE}."
    elif error.code.startswith("status-3"):
        sentence = f"{sentence[:-1]}; {_BASE}."
    return Step("statement", well=False, sentence=sentence)


def _profile(client: EhrClient, capabilities: Capabilities) -> Step:
    profile = client.profile
    guessed = guess_profile(capabilities.software, {name: load_profile(name) for name in profile_names()})
    tried = "; ".join(profile.tested) or "not by us"
    sentence = f"Profile {profile.name}, {profile.title}: {profile.source}. Tried: {tried}."
    if guessed in (None, profile.name):
        return Step("profile", well=True, sentence=sentence)
    sentence += (
        f" By its own words this EHR may be one that the profile {guessed} knows (ALLIANCE_EHR_PROFILE)."
    )
    return Step("profile", well=False, sentence=sentence, counts=False)


def _statement(capabilities: Capabilities) -> Step:
    release = capabilities.fhir_version
    known = release.startswith(("4.0", "4.3")) or not release
    told = f"FHIR {release}" if release.isascii() and release.isprintable() and release else "no release"
    sentence = f"The EHR says that it speaks {told[:40]}{'' if known else '; we write R4 and R4B'}."
    return Step("statement", well=known, sentence=sentence)


def _clock(client: EhrClient) -> Step:
    ahead = client.clock_ahead_seconds()
    if ahead is None:
        return Step("clock", well=True, sentence="The EHR does not tell its time.", counts=False)
    apart = f"The EHR's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} ours"
    if abs(ahead) > CLOCKS_APART_SECONDS:
        return Step("clock", well=False, sentence=f"{apart}: set one of them right.")
    return Step("clock", well=True, sentence=f"{apart}.")


def _search(client: EhrClient, capabilities: Capabilities) -> Step:
    """Search for what nobody has: it shows that we are let in, and reads no record."""
    for resource_type in (_RESPONSE, _SCORE):
        if "identifier" in capabilities.of(resource_type).search_params:
            nobody = f"urn:ietf:rfc:3986|urn:uuid:{uuid4()}"
            client.find(Lookup("", resource_type, {"identifier": nobody}))
            return Step("search", well=True, sentence=f"A search for {resource_type} by identifier works.")
    sentence = "Our resources cannot be searched for by identifier: a lost answer needs a person to look."
    return Step("search", well=False, sentence=sentence, counts=False)


def _access(client: EhrClient) -> Step:
    """Read a patient whom nobody has, where no search showed that we are let in."""
    try:
        client.read("Patient", str(uuid4()))
    except EhrUnreadable as error:
        if error.code not in _LET_IN:
            raise
    return Step("access", well=True, sentence="The EHR lets us in: it answers a read of a patient.")


def _patient(client: EhrClient, patient: str) -> Step:
    found = client.read("Patient", patient.removeprefix("Patient/"))
    if found is None:
        return Step("patient", well=False, sentence="The EHR has no patient under this reference.")
    return Step("patient", well=True, sentence="The patient was found.")


def _seen(resource_type: str, capabilities: Capabilities) -> TypeSeen:
    offered = capabilities.of(resource_type)
    return TypeSeen(
        resource_type,
        create=offered.create,
        update=offered.update,
        search=bool(offered.search_params),
    )


def _capital(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def types_in_words(types: Sequence[TypeSeen]) -> list[str]:
    """Return a line for each type: ``Observation: create, update, search``."""
    lines = []
    for one in types:
        may = [name for name in ("create", "update", "search") if getattr(one, name)]
        lines.append(f"{one.resource_type}: {', '.join(may) or 'nothing'}")
    return lines
