"""The search parameters of forms and codes, alike for every type of definition."""

from fhir_mappings.codes import PUBLICATION_STATUS
from service.api.fhir.definition_search import (
    read_codes,
    read_dates,
    read_identifiers,
    read_missing,
    read_texts,
)
from service.api.fhir.search_parameter import Parameter, Reader


def _text(name: str, meaning: str) -> Parameter:
    variants: dict[str, Reader] = {
        ":exact": read_texts(name, "is"),
        ":contains": read_texts(name, "contains"),
        ":missing": read_missing(name),
    }
    return Parameter(name, "string", meaning, read_texts(name, "begins"), variants)


DEFINITION = (
    Parameter(
        "_id",
        "token",
        "The logical id, which ends in the version",
        read_codes("id"),
        {":not": read_codes("id", outside=True)},
    ),
    Parameter("_lastUpdated", "date", "The date of the definition", read_dates("lastUpdated")),
    Parameter("url", "uri", "The canonical URL", read_texts("url", "is")),
    Parameter(
        "version",
        "token",
        "The version",
        read_codes("version"),
        {":not": read_codes("version", outside=True)},
    ),
    Parameter("identifier", "token", "None has one: url and version identify it", read_identifiers),
    _text("name", "The beginning of the computer's name for it"),
    _text("title", "The beginning of the title"),
    Parameter(
        "status",
        "token",
        "The publication status",
        read_codes("status", PUBLICATION_STATUS),
        {":not": read_codes("status", PUBLICATION_STATUS, outside=True)},
    ),
    Parameter(
        "date", "date", "When it was last changed", read_dates("date"), {":missing": read_missing("date")}
    ),
)

DEFINITION_SORTS = ("name", "title", "url", "version", "_lastUpdated")
