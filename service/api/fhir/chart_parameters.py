"""The search parameters of responses, scores and alerts."""

from service.api.fhir import parameters as read
from service.api.fhir.search_parameter import Parameter, may_miss, negated, never_misses

_PATIENTS = {
    ":Patient": read.patients,
    ".identifier": read.patient_identifiers,
    ":Patient.identifier": read.patient_identifiers,
} | dict(never_misses())
_PEOPLE = ("Patient", "Practitioner", "PractitionerRole", "RelatedPerson")
_AUTHORS = (*_PEOPLE, "Organization", "Device")


def _person(name: str, column: str, meaning: str, types: tuple[str, ...], *, optional: bool) -> Parameter:
    typed = {f":{kind}": read.referring(column, kind) for kind in types}
    missing = may_miss(column) if optional else never_misses()
    return Parameter(name, "reference", meaning, read.referring(column, *types), typed | dict(missing))


ID = Parameter("_id", "token", "The logical id", read.ids, negated(read.ids))
UPDATED = Parameter("_lastUpdated", "date", "When this version was stored", read.last_updates, never_misses())
PATIENT = Parameter(
    "patient", "reference", "Whom it is about: logical id, relative or absolute", read.patients, _PATIENTS
)
SUBJECT = Parameter("subject", "reference", "The same as patient", read.patients, _PATIENTS)
ENCOUNTER = Parameter(
    "encounter",
    "reference",
    "The EHR's encounter",
    read.referring("encounter", "Encounter"),
    {":Encounter": read.referring("encounter", "Encounter")} | dict(may_miss("encounter")),
)

RESPONSE = (
    ID,
    UPDATED,
    PATIENT,
    SUBJECT,
    Parameter(
        "questionnaire",
        "reference",
        "The form: canonical URL, with or without |version",
        read.questionnaires,
        never_misses(),
    ),
    Parameter("authored", "date", "When it was filled in", read.moments, never_misses()),
    Parameter(
        "identifier",
        "token",
        "The sender's identifier",
        read.identifiers,
        dict(negated(read.identifiers)) | dict(may_miss("identifier_value")),
    ),
    Parameter(
        "status",
        "token",
        "in-progress, stopped, completed, amended, entered-in-error",
        read.response_statuses,
        negated(read.response_statuses),
    ),
    ENCOUNTER,
    _person("author", "author", "Who recorded it", _AUTHORS, optional=True),
    _person("source", "source", "Who answered; the patient where it was not said", _PEOPLE, optional=False),
)

OBSERVATION = (
    Parameter(
        "_id",
        "token",
        "The logical id: response id, full stop, part",
        read.observation_ids,
        negated(read.observation_ids),
    ),
    UPDATED,
    PATIENT,
    SUBJECT,
    Parameter("code", "token", "The item, score or panel", read.codes, negated(read.codes)),
    Parameter(
        "combo-code", "token", "The same as code: none has components", read.codes, negated(read.codes)
    ),
    Parameter("component-code", "token", "None has components", read.component_codes),
    Parameter("category", "token", "survey: every one of ours", read.categories, negated(read.categories)),
    Parameter("date", "date", "When the form was filled in", read.moments, never_misses()),
    Parameter(
        "derived-from",
        "reference",
        "The response that gave it",
        read.derived_from,
        {":QuestionnaireResponse": read.derived_from} | dict(never_misses()),
    ),
    Parameter(
        "has-member",
        "reference",
        "A score or item of the panel",
        read.has_member,
        {":Observation": read.has_member},
    ),
    Parameter("value-quantity", "quantity", "A score or mark in points", read.quantities, may_miss("value")),
    ENCOUNTER,
    _person("performer", "source", "Who answered", _PEOPLE, optional=False),
    Parameter(
        "status",
        "token",
        "final, amended or entered-in-error",
        read.observation_statuses,
        negated(read.observation_statuses),
    ),
    Parameter(
        "identifier",
        "token",
        "Our identifier of the score",
        read.observation_identifiers,
        dict(negated(read.observation_identifiers)) | dict(never_misses()),
    ),
)

ISSUE = (
    ID,
    UPDATED,
    PATIENT,
    Parameter("code", "token", "possible-strain: every one of ours", read.alert_codes),
    Parameter("author", "reference", "This service, as Device", read.alert_authors, never_misses()),
    Parameter(
        "implicated",
        "reference",
        "A score that the alert rests on",
        read.implicated,
        {":Observation": read.implicated},
    ),
    Parameter("identified", "date", "When it was raised", read.moments, never_misses()),
    Parameter(
        "identifier",
        "token",
        "Our identifier of the alert",
        read.alert_identifiers,
        dict(negated(read.alert_identifiers)) | dict(never_misses()),
    ),
)
