"""Our own extensions as StructureDefinitions, and our own lists of words."""

from typing import get_args

import pytest

from fhir_mappings.alert import AlertStatus, Severity
from fhir_mappings.codes import ExtensionKind
from fhir_mappings.extensions import to_extension_definitions
from fhir_mappings.instrument import Perspective
from fhir_mappings.vocabulary import (
    ALERT_STATUS_TERMS,
    PERSPECTIVE_TERMS,
    SEVERITY_TERMS,
    TERM_LISTS,
)
from tests.builders import NAMES


def definition(kind):
    return next(one for one in to_extension_definitions(NAMES) if one["url"] == NAMES.extension(kind))


def value_of(kind, view):
    return next(one for one in definition(kind)[view]["element"] if one["path"] == "Extension.value[x]")


def test_every_extension_that_we_read_or_write_is_described():
    urls = [one["url"] for one in to_extension_definitions(NAMES)]
    assert urls == [NAMES.extension(kind) for kind in get_args(ExtensionKind)]


@pytest.mark.parametrize("view", ["snapshot", "differential"])
def test_an_extension_says_the_type_of_its_value(view):
    assert value_of("session-number", view)["type"] == [{"code": "positiveInt"}]
    targets = value_of("therapist", view)["type"][0]["targetProfile"]
    assert [one.rpartition("/")[2] for one in targets] == ["Practitioner", "PractitionerRole"]


def test_an_extension_must_have_its_value_and_its_own_url():
    elements = {one["path"]: one for one in definition("session-date")["snapshot"]["element"]}
    assert (elements["Extension.value[x]"]["min"], elements["Extension.extension"]["max"]) == (1, "0")
    assert elements["Extension.url"]["fixedUri"] == NAMES.extension("session-date")


def test_the_words_for_perspectives_statuses_and_severities_are_all_there():
    assert [term.code for term in PERSPECTIVE_TERMS.terms] == list(get_args(Perspective))
    assert [term.code for term in ALERT_STATUS_TERMS.terms] == list(get_args(AlertStatus))
    assert [term.code for term in SEVERITY_TERMS.terms] == ["watch", *get_args(Severity)]


def test_a_code_stands_once_in_its_list():
    doubled = [terms.id for terms in TERM_LISTS if len({one.code for one in terms.terms}) != len(terms.terms)]
    assert doubled == []


def test_a_code_that_a_list_does_not_have_has_no_words():
    with pytest.raises(KeyError):
        PERSPECTIVE_TERMS.display_of("neighbour")
