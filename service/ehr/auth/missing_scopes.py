"""Which rights we need in an EHR and were not granted. Pure."""

from typing import get_args

from service.ehr.allowed import rules_of
from service.ehr.capabilities import Capabilities
from service.ehr.profile import Profile
from service.ehr.scopes import Interaction, parse_scopes
from service.ehr_settings import DEFAULT_SCOPES


def missing_rights(
    asked: str, granted: str | None, profile: Profile, declared: Capabilities | None = None
) -> tuple[str, ...]:
    """Return what is missing, a text for each type, in the order of the types' names.

    Needed is what we ask for; where we ask for nothing, what this service does by default; in either case
    only what the profile lets through, of types that the EHR declares (None: not known). Nothing is missing
    where nobody told what was granted. Example: ``Observation (create, update)``.
    """
    needed, have = parse_scopes(asked or DEFAULT_SCOPES).granted or {}, parse_scopes(granted)
    missing = []
    for resource_type in sorted(needed):
        if declared is not None and resource_type not in declared.types:
            continue
        used = needed[resource_type] & rules_of(resource_type, profile).interactions
        lacking = [
            one for one in get_args(Interaction) if one in used and not have.allows(resource_type, one)
        ]
        if lacking:
            missing.append(f"{resource_type} ({', '.join(lacking)})")
    return tuple(missing)
