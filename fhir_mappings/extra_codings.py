"""Codes of others beside our own, where a clinic asks for them: off by default.

CAUTION: match exactly. In SNOMED CT the group form (GSRS) sits below the outcome form (ORS), so a search for
a code "and below" would mix alliance into outcome. No code was found for any form of the WAI, nor for items.
"""

from collections.abc import Mapping
from types import MappingProxyType

from fhir_mappings.codes import SNOMED, Names
from fhir_mappings.elements import Json

NO_EXTRA_CODINGS: Mapping[str, Json] = MappingProxyType({})

# The score codes that NHS Digital's public code uses. SNOMED CT needs a licence: hence a setting. Its words
# are not repeated here.
_SNOMED_BY_SCORE = MappingProxyType(
    {
        "srs-3.total": "720482000",
        "csrs-child.total": "718762000",
        "gsrs-client.total": "718441000",
        "ors-client.total": "716613004",
        "cors-child.total": "718458005",
    }
)


def snomed_score_codings() -> dict[str, Json]:
    """Return our score code -> SNOMED CT Coding, for the totals that have one.

    Example: ``srs-3.total`` -> ``{"system": "http://snomed.info/sct", "code": "720482000"}``.
    """
    return {ours: {"system": SNOMED, "code": theirs} for ours, theirs in _SNOMED_BY_SCORE.items()}


def with_extra_codings(observation: Json, extra_codings: Mapping[str, Json], names: Names) -> Json:
    """Return an Observation whose code, and components' codes, have their extra Coding after ours."""
    changed = observation | {"code": _extended(observation["code"], extra_codings, names)}
    if "component" in observation:
        changed["component"] = [
            one | {"code": _extended(one["code"], extra_codings, names)} for one in observation["component"]
        ]
    return changed


def _extended(concept: Json, extra_codings: Mapping[str, Json], names: Names) -> Json:
    extra = [
        extra_codings[one["code"]]
        for one in concept["coding"]
        if one["system"] == names.measures and one["code"] in extra_codings
    ]
    return concept | {"coding": [*concept["coding"], *extra]}
