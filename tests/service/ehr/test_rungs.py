"""Which rung is chosen, and the words in which it is told."""

import pytest

from service.ehr.allowed import allow
from service.ehr.capabilities import Capabilities, TypeCapabilities
from service.ehr.ladder import Rung
from service.ehr.profile_file import load_profile
from service.ehr.rungs import Rungs, choose_rungs, explain
from service.ehr.scopes import parse_scopes

DATA = ("QuestionnaireResponse", "Observation")


def declared(*types: str, transaction: bool = False) -> Capabilities:
    writable = TypeCapabilities(create=True, update=True, search_params=frozenset({"identifier"}))
    return Capabilities("4.0.1", transaction, dict.fromkeys(types, writable))


def chosen(*types: str, profile: str = "generic", scopes: str | None = None, **more: bool) -> Rungs:
    vendor = load_profile(profile)
    return choose_rungs(allow(declared(*types, **more), parse_scopes(scopes), vendor), vendor.rungs)


@pytest.mark.parametrize(
    ("types", "rung"),
    [
        (DATA, Rung.ONE_BY_ONE),
        (("QuestionnaireResponse",), Rung.ONE_BY_ONE),
        (("Observation", "DocumentReference"), Rung.OBSERVATIONS),
        (("DocumentReference", "Communication"), Rung.DOCUMENT),
        (("Communication",), Rung.COMMUNICATION),
        (("Patient",), Rung.HELD),
    ],
)
def test_the_best_rung_that_is_allowed_is_taken(types: tuple[str, ...], rung: Rung) -> None:
    assert chosen(*types).response.rung is rung


def test_a_transaction_comes_first() -> None:
    assert chosen(*DATA, transaction=True).response.rung is Rung.TRANSACTION


def test_a_form_of_which_scores_alone_may_go_skips_the_response() -> None:
    rungs = chosen("QuestionnaireResponse", "DocumentReference")

    assert (rungs.response.rung, rungs.scores.rung) == (Rung.ONE_BY_ONE, Rung.DOCUMENT)


def test_what_the_token_does_not_grant_is_not_taken() -> None:
    rungs = chosen(*DATA, scopes="system/Observation.cruds system/QuestionnaireResponse.rs")

    assert rungs.response.rung is Rung.OBSERVATIONS
    assert "no QuestionnaireResponse (not granted by the access token)" in rungs.response.reason


def test_what_the_profile_rules_out_is_not_taken_though_declared() -> None:
    rungs = chosen(*DATA, "DocumentReference", profile="epic")

    assert rungs.response.rung is Rung.DOCUMENT
    assert rungs.response.reason == (
        "this EHR takes no QuestionnaireResponse or Observation (ruled out by the profile epic), "
        "so a note (DocumentReference) goes, for people to read"
    )


def test_what_was_refused_although_declared_says_so() -> None:
    allowed = declared(*DATA).without("create", "QuestionnaireResponse")

    assert "no QuestionnaireResponse (refused although declared)" in choose_rungs(allowed).response.reason


@pytest.mark.parametrize(
    ("types", "rung", "taken"),
    [
        (("DetectedIssue", "Task"), Rung.RESOURCES, ("DetectedIssue", "Task")),
        (("Task",), Rung.RESOURCES, ("Task",)),
        (("DocumentReference",), Rung.DOCUMENT, ("DocumentReference",)),
        (("Communication",), Rung.COMMUNICATION, ("Communication",)),
        (("Observation",), Rung.HELD, ()),
    ],
)
def test_an_alert_goes_as_resources_else_as_a_note(
    types: tuple[str, ...], rung: Rung, taken: tuple[str, ...]
) -> None:
    choice = chosen(*types).alert

    assert (choice.rung, choice.types) == (rung, taken)


def test_definitions_that_are_not_taken_hold_nothing_up() -> None:
    choice = chosen("CodeSystem").definition

    assert choice.types == ("CodeSystem",)
    assert choice.reason.endswith("nothing waits for them")


def test_the_explanation_has_one_sentence_for_each_kind() -> None:
    told = explain(chosen(*DATA))

    assert [line.partition(":")[0] for line in told] == [
        "Responses",
        "Responses of which only scores may go",
        "Alerts",
        "Our forms and codes",
    ]
    assert "the response goes first and each score after it" in told[0]
