"""What may be done in an EHR: what it declares, less what token and vendor profile do not allow. Pure.

The profile's limits and the scopes only ever take away.
"""

from collections.abc import Mapping
from dataclasses import replace

from service.ehr.capabilities import Capabilities, TypeCapabilities
from service.ehr.ladder import Rung
from service.ehr.profile import Profile, TypeRules
from service.ehr.scopes import Interaction, Scopes

NOT_DECLARED = "not declared"
TRANSACTION = "transaction"
_EVERYTHING = TypeRules(frozenset({"create", "read", "update", "delete", "search"}))
_NOTHING = TypeRules(frozenset())
# By which parameters our resources can be named in a condition (``lookup.py``).
_CANONICAL = ("CodeSystem", "ValueSet", "Questionnaire")
_BY_URL, _BY_IDENTIFIER = {"url", "version"}, {"identifier"}


def allow(declared: Capabilities, scopes: Scopes, profile: Profile) -> Capabilities:
    """Return the part of the declared that the scopes grant and the profile lets through.

    ``why_not`` names the first reason for every type of which a create is declared and not allowed.
    """
    types = {name: _allowed_type(name, one, scopes, profile) for name, one in declared.types.items()}
    why_not = dict(declared.why_not)
    for name, one in declared.types.items():
        if one.create and not types[name].create:
            why_not[name] = _reason(name, scopes, profile)
    transaction = declared.transaction and Rung.TRANSACTION in profile.rungs
    if declared.transaction and not transaction:
        why_not[TRANSACTION] = _by_profile(profile)
    return replace(declared, types=types, transaction=transaction, why_not=why_not)


def guess_profile(software: str, profiles: Mapping[str, Profile]) -> str | None:
    """Return the profile whose software a statement names, a hint only; None where none or several do."""
    said = software.lower()
    found = [name for name, one in profiles.items() if any(word in said for word in one.software)]
    return found[0] if len(found) == 1 else None


def rules_of(name: str, profile: Profile) -> TypeRules:
    """Return what a profile says of a resource type; nothing is allowed of one that it does not name."""
    return profile.types.get(name, _EVERYTHING if profile.other_types else _NOTHING)


def _allowed_type(name: str, one: TypeCapabilities, scopes: Scopes, profile: Profile) -> TypeCapabilities:
    rules = rules_of(name, profile)

    def may(interaction: Interaction) -> bool:
        return interaction in rules.interactions and scopes.allows(name, interaction)

    create = one.create and may("create")
    update = one.update and may("update")
    parameters = _BY_URL if name in _CANONICAL else _BY_IDENTIFIER
    asked = profile.conditional_create != "none" and (
        not profile.conditions or parameters <= set(profile.conditions)
    )
    return replace(
        one,
        create=create,
        update=update,
        update_create=update and one.update_create,
        delete=one.delete and may("delete"),
        conditional_create=create and asked and one.conditional_create,
        search_params=one.search_params if may("search") else frozenset(),
        find=rules.find,
        statuses=rules.statuses,
    )


def _reason(name: str, scopes: Scopes, profile: Profile) -> str:
    if "create" not in rules_of(name, profile).interactions:
        return _by_profile(profile)
    return "not granted by the access token" if not scopes.allows(name, "create") else ""


def _by_profile(profile: Profile) -> str:
    return f"ruled out by the profile {profile.name}"
