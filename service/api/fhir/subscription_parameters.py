"""The search parameters of Subscription; there are few of them, so that they are looked through in memory."""

from service.api.fhir.definition_search import read_codes, read_dates, read_texts
from service.api.fhir.search_parameter import Parameter

_STATUS = "http://hl7.org/fhir/subscription-status"

SUBSCRIPTION_PARAMETERS = (
    Parameter("_id", "token", "The logical id", read_codes("id"), {":not": read_codes("id", outside=True)}),
    Parameter("_lastUpdated", "date", "When it was last changed", read_dates("lastUpdated")),
    Parameter("url", "uri", "The address that is told", read_texts("url", "is")),
    Parameter("criteria", "string", "The canonical URL of the topic", read_texts("criteria", "begins")),
    Parameter(
        "status",
        "token",
        "requested, active, error or off",
        read_codes("status", _STATUS),
        {":not": read_codes("status", _STATUS, outside=True)},
    ),
)
