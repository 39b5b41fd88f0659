"""Scopes, read: what each spelling opens, and what is not understood."""

import pytest

from service.callers import LOOPBACK, Caller
from service.scopes import Need, Scope, find_unknown, parse_scopes


def rights(text):
    return "".join(sorted(parse_scopes(text)[0].rights))


@pytest.mark.parametrize(
    ("scope", "opened"),
    [
        ("system/Observation.rs", "rs"),
        ("system/Observation.read", "rs"),
        ("system/Observation.write", "cdu"),
        ("system/Observation.*", "cdrsu"),
        ("user/Observation.cruds", "cdrsu"),
    ],
)
def test_both_spellings_are_understood(scope, opened):
    assert rights(scope) == opened


@pytest.mark.parametrize(
    "scope",
    [
        "system/Observation.sr",  # letters out of order
        "system/Observation.rr",
        "system/Observation.",
        "system/observation.rs",
        "System/Observation.rs",
        "system/Observation.rs?",
        "system/Observation.rs?code",
        "system/Observation.rsx",
        "clinic/Observation.rs",
        "alliance/operations.rs",
        "alliance/everything.read",
        "openid",
        "launch/patient",
    ],
)
def test_what_is_not_understood_opens_nothing(scope):
    assert parse_scopes(scope) == () or parse_scopes(scope)[0].narrowed == (("code", ""),)
    assert find_unknown(scope) in ([scope], [])


def test_a_granular_scope_keeps_its_parameters():
    (scope,) = parse_scopes("patient/Observation.rs?category=http://x|survey&code=a")

    assert scope == Scope(
        "patient", "Observation", frozenset("rs"), (("category", "http://x|survey"), ("code", "a"))
    )


def test_any_type_reaches_types_of_fhir_and_not_our_own():
    caller = Caller("ehr", scopes=parse_scopes("system/*.cruds"))

    assert caller.may(Need("Observation", "s"))
    assert not caller.may(Need("operations", "r"))


def test_a_missing_scope_is_named_at_the_callers_own_level():
    caller = Caller("app", scopes=parse_scopes("user/Task.u"))

    assert caller.missing(Need("Observation", "s")) == "user/Observation.s"
    assert caller.missing(Need("operations", "u")) == "alliance/operations.write"
    assert Caller("empty").missing(Need("Task", "u")) == "system/Task.u"


def test_this_machine_may_do_everything():
    assert LOOPBACK.may(Need("operations", "u"))
    assert LOOPBACK.may(Need("Consent", "d"))
