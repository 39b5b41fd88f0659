"""The tables say what the models of fhir.resources say."""

import re

import pytest
from fhir.resources.R4B import get_fhir_model_class

from fhir_mappings.summary_elements import CHOICES, MANDATORY, SUMMARY

_ALWAYS = {"id", "meta", "implicitRules"}


def flagged_elements(kind: str, flag: str) -> set[str]:
    fields = get_fhir_model_class(kind).model_fields.items()
    flagged = {field.alias or name for name, field in fields if (field.json_schema_extra or {}).get(flag)}
    return {base_name(one, kind) for one in flagged}


def base_name(element: str, kind: str) -> str:
    choice = re.match(rf"({'|'.join(sorted(CHOICES))})[A-Z]", element)
    return choice[1] if choice and choice[1] in SUMMARY[kind] else element


@pytest.mark.parametrize("kind", sorted(SUMMARY))
def test_a_summary_is_what_fhir_flags(kind):
    assert flagged_elements(kind, "summary_element_property") - _ALWAYS == SUMMARY[kind]


@pytest.mark.parametrize("kind", sorted(MANDATORY))
def test_what_must_be_there_is_what_fhir_requires(kind):
    fields = get_fhir_model_class(kind).model_fields.items()
    required = {field.alias or name for name, field in fields if field.is_required()}

    assert required | flagged_elements(kind, "element_required") == MANDATORY[kind]
