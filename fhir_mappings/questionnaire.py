"""An instrument as FHIR Questionnaire (SDC): one group ``panel`` holding the items, then the scores.

Source: hl7.org/fhir/uv/sdc (profiles sdc-questionnaire, -behave, -render, -extr-obsn).
"""

import re
from collections.abc import Sequence

from fhir_mappings.codes import (
    EXTENSION,
    SDC,
    USAGE_CONTEXT,
    VERSION_ALGORITHM,
    VERSION_ALGORITHM_EXTENSIONS,
    Names,
)
from fhir_mappings.elements import (
    PANEL,
    PUBLISHER,
    Json,
    coding,
    concept,
    extension,
    in_languages,
    measure_coding,
    narrative,
    range_of,
    survey_category,
)
from fhir_mappings.expressions import SCORE_PLACES, calculated_expression, score_variables
from fhir_mappings.instrument import Instrument, Perspective, ScoreRule
from fhir_mappings.questionnaire_items import decimal_limits, extraction, to_item, unit
from fhir_mappings.translations import descriptors
from fhir_mappings.vocabulary import PERSPECTIVE_TERMS, PERSPECTIVES
from fhir_mappings.words import ClinicForm, Words

# The last three do not inherit the mandatory url of the first (tested), so all four are claimed.
_PROFILES = (
    "sdc-questionnaire",
    "sdc-questionnaire-behave",
    "sdc-questionnaire-render",
    "sdc-questionnaire-extr-obsn",
)
# Which resources can have answered; SDC knows these three only.
_PERFORMERS: dict[Perspective, str] = {
    "client": "Patient",
    "therapist": "Practitioner",
    "observer": "Practitioner",
    "carer": "RelatedPerson",
}


def versioned_id(name: str, version: str) -> str:
    """Return the logical id of a definition; it ends in the version and is never overwritten.

    Example: ``srs-3``, ``1.0.0`` -> ``srs-3-1.0.0``.
    """
    return f"{name}-{version}"


def to_questionnaire(instrument: Instrument, names: Names) -> Json:
    """Return the Questionnaire of an instrument in FHIR R4 JSON, in English with our own translations.

    Items and scores are in file order, below one group ``panel``. Who answers stands there twice: as SDC's
    performerType, and as the use context ``user`` with our own code of the perspective. A provisional
    instrument is a draft.
    """
    return _to_form(instrument, names, descriptors(instrument))


def to_clinic_questionnaire(instrument: Instrument, form: ClinicForm, names: Names) -> Json:
    """Return a clinic's own wording of an instrument as Questionnaire: other words, the same codes.

    It has url, version and copyright of its own and is ``derivedFrom`` ours. The words of a choice are the
    clinic's in the form alone: its CodeSystem keeps ours.
    """
    base = _to_form(instrument, names, form.words)
    title = form.words[0].title
    own: Json = {
        "id": versioned_id(form.id, form.version),
        "text": narrative(f"{title}, in the clinic's own wording."),
        "url": names.questionnaire(form.id),
        "version": form.version,
        "name": f"{instrument.name}{computer_name(form.id.removeprefix(instrument.id))}",
        "derivedFrom": [names.questionnaire(instrument.id)],
    }
    # Here the words were published, and when is not known.
    return {key: own.get(key, value) for key, value in (base | own).items() if key != "date"}


def computer_name(name: str) -> str:
    """Return a name for machines: ``alert-statuses`` -> ``AlertStatuses``."""
    return "".join(word.capitalize() for word in name.split("-"))


def _to_form(instrument: Instrument, names: Names, words: Sequence[Words]) -> Json:
    return {
        "resourceType": "Questionnaire",
        "id": versioned_id(instrument.id, instrument.version),
        "meta": {"profile": [f"{SDC}/{profile}" for profile in _PROFILES]},
        "language": words[0].language,
        "text": narrative(f"{instrument.title}. {instrument.description}"),
        "extension": _root_extensions(instrument),
        "url": names.questionnaire(instrument.id),
        "version": instrument.version,
        "name": instrument.name,
        **in_languages("title", words, lambda one: one.title),
        **_derived_from(instrument, names),
        "status": "draft" if instrument.status == "provisional" else "active",
        "experimental": False,
        "subjectType": ["Patient"],
        "date": instrument.date,
        "publisher": PUBLISHER,
        **in_languages("description", words, lambda one: _description(instrument, one, words)),
        "useContext": [_user(instrument.perspective, names)],
        **in_languages("copyright", words, lambda one: one.copyright),
        "code": [measure_coding(names, instrument)],
        "item": [_panel(instrument, names, words)],
    }


def _derived_from(instrument: Instrument, names: Names) -> Json:
    if instrument.derived_from is None:
        return {}
    return {"derivedFrom": [names.questionnaire(instrument.derived_from)]}


def _description(instrument: Instrument, told: Words, words: Sequence[Words]) -> str:
    """Return what the form is; the facts of its publication are told in the first language alone."""
    if told is not words[0]:
        return told.description
    who = PERSPECTIVE_TERMS.display_of(instrument.perspective).lower()
    sentences = [
        told.description,
        f"Answered by: {who}.",
        f"Given: {instrument.timing}.",
        f"Looks back on: {instrument.looks_back}.",
        f"Source: {instrument.citation}",
    ]
    if instrument.status == "provisional":
        sentences.append(f"Provisional: {instrument.status_reason}")
    return " ".join(re.sub(r"\.\.$", ".", sentence) for sentence in sentences)


def _user(perspective: Perspective, names: Names) -> Json:
    system = names.vocabulary(PERSPECTIVES)
    user = coding(system, perspective, PERSPECTIVE_TERMS.display_of(perspective))
    return {
        "code": coding(USAGE_CONTEXT, "user", "User Type"),
        "valueCodeableConcept": concept(user),
    }


def _root_extensions(instrument: Instrument) -> list[Json]:
    semver = coding(VERSION_ALGORITHM, "semver", "SemVer")
    algorithms = [extension(url, valueCoding=semver) for url in VERSION_ALGORITHM_EXTENSIONS]
    performer = extension(
        f"{SDC}/sdc-questionnaire-performerType", valueCode=_PERFORMERS[instrument.perspective]
    )
    category = extension(
        f"{SDC}/sdc-questionnaire-observation-extract-category", valueCodeableConcept=survey_category()
    )
    variables = [
        extension(f"{EXTENSION}/variable", valueExpression={"name": name} | _fhirpath(expression))
        for name, expression in score_variables(instrument).items()
    ]
    return [*algorithms, performer, category, *variables]


def _fhirpath(expression: str) -> Json:
    return {"language": "text/fhirpath", "expression": expression}


def _panel(instrument: Instrument, names: Names, words: Sequence[Words]) -> Json:
    return {
        "extension": [extension(f"{SDC}/sdc-questionnaire-observationExtract", valueBoolean=True)],
        "linkId": PANEL,
        "code": [measure_coding(names, instrument)],
        **in_languages("text", words, lambda one: one.title),
        "type": "group",
        "item": [
            *(to_item(instrument, item, names, words) for item in instrument.all_items),
            *(
                _score_item(instrument, rule, names, words)
                for rule in instrument.scores
                if rule.kind != "answer"
            ),
        ],
    }


def _score_item(instrument: Instrument, rule: ScoreRule, names: Names, words: Sequence[Words]) -> Json:
    expression = {"description": f"{rule.title}, {range_of(rule)}"} | _fhirpath(calculated_expression(rule))
    return {
        "extension": [
            extension(f"{SDC}/sdc-questionnaire-calculatedExpression", valueExpression=expression),
            *decimal_limits(rule, SCORE_PLACES),
            unit(),
            extraction(observed=rule.observed),
        ],
        "linkId": rule.id,
        "code": [measure_coding(names, instrument, rule.id)],
        **in_languages("text", words, lambda one: one.scores[rule.id]),
        "type": "decimal",
        "readOnly": True,
    }
