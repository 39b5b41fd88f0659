"""In which form an EHR would get our deliveries, in words for the people who run the service. Pure."""

from service.ehr.capabilities import Capabilities
from service.ehr.scopes import Scopes

RESPONSE = "QuestionnaireResponse"
SCORE = "Observation"
ALERT = "DetectedIssue"
_DEFINITIONS = ("Questionnaire", "CodeSystem", "ValueSet", "Device")


def takes(resource_type: str, capabilities: Capabilities, scopes: Scopes) -> bool:
    """Tell whether we may create resources of a type: it is declared and granted."""
    return capabilities.of(resource_type).create and scopes.allows(resource_type, "create")


def plan_in_words(capabilities: Capabilities, scopes: Scopes) -> list[str]:
    """Return one sentence for each kind of delivery: what goes there, and in which form."""
    return [
        _of_responses(capabilities, scopes),
        _of_alerts(capabilities, scopes),
        _of_corrections(capabilities, scopes),
        _of_definitions(capabilities, scopes),
    ]


def _of_responses(capabilities: Capabilities, scopes: Scopes) -> str:
    responses, scores = (takes(one, capabilities, scopes) for one in (RESPONSE, SCORE))
    if responses and scores:
        together = capabilities.transaction
        how = "each response goes with its scores in one transaction" if together else "they go one by one"
        return f"This EHR takes {RESPONSE}s and {SCORE}s, so {how}."
    if scores:
        return f"This EHR takes {SCORE}s, not {RESPONSE}s, so scores go alone, without the answers."
    if responses:
        return (
            f"This EHR takes {RESPONSE}s, not {SCORE}s, so responses go alone, without scores of their own."
        )
    return f"This EHR takes neither {RESPONSE}s nor {SCORE}s from us, so responses are held for a person."


def _of_alerts(capabilities: Capabilities, scopes: Scopes) -> str:
    if takes(ALERT, capabilities, scopes):
        return f"This EHR takes {ALERT}s, so alerts go there."
    return f"This EHR takes no {ALERT}s from us, so alerts stay here and their deliveries are held."


def _of_corrections(capabilities: Capabilities, scopes: Scopes) -> str:
    types = [
        one
        for one in (RESPONSE, SCORE, ALERT)
        if takes(one, capabilities, scopes)
        and not (capabilities.of(one).update and scopes.allows(one, "update"))
    ]
    if types:
        return (
            f"It takes no updates of {' and '.join(types)}, so corrections of these are made there by hand."
        )
    return "Corrections and withdrawals go there as updates."


def _of_definitions(capabilities: Capabilities, scopes: Scopes) -> str:
    taken = [one for one in _DEFINITIONS if takes(one, capabilities, scopes)]
    return (
        f"Our forms and codes go there as {', '.join(taken)}." if taken else "Our forms and codes stay here."
    )
