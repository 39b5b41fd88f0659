"""A clinic's own form may go on, but neither vanish nor be scored otherwise once it was answered."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fhir_mappings.answers import check_answers
from service.errors import SettingsRefused
from service.flows.check_stored_instruments import check_stored_instruments
from service.flows.choose_instruments import choose_instruments
from service.flows.deployment import Deployment
from service.flows.record_response import record_response
from service.settings import Settings
from tests.service.build import a_deployment, a_response, an_access
from tests.service.own_form import own_form


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    made = a_deployment(tmp_path)
    yield made
    made.database.close()


def start(deployment: Deployment, files: Mapping[str, str]) -> Deployment:
    """Start the service with these instrument files; return it, or raise what stops it."""
    chosen = choose_instruments(Settings(), files)
    with deployment.database.write() as tx:
        check_stored_instruments(tx, "default", chosen)
    return replace(deployment, instruments=chosen.offered, known=chosen.known)


def answer(deployment: Deployment) -> None:
    form = deployment.instruments["house-form"]
    response = a_response(instrument=form, answers=check_answers(form, {"item-1": 4}))
    record_response(deployment, response, an_access())


def refusal(deployment: Deployment, **changes: str) -> str:
    files = {"house-form.toml": own_form(**changes)} if changes else {}
    with pytest.raises(SettingsRefused) as refused:
        start(deployment, files)
    return "\n".join(refused.value.faults)


def test_the_same_file_starts_again(deployment: Deployment) -> None:
    answer(start(deployment, {"house-form.toml": own_form()}))
    assert "house-form" in start(deployment, {"house-form.toml": own_form()}).instruments


def test_a_form_that_was_answered_must_stay(deployment: Deployment) -> None:
    answer(start(deployment, {"house-form.toml": own_form()}))
    assert refusal(deployment).endswith("house-form.toml: is not there, but responses of it are stored")


def test_one_that_nobody_answered_may_go(deployment: Deployment) -> None:
    start(deployment, {"house-form.toml": own_form()})
    assert "house-form" not in start(deployment, {}).known


def test_a_changed_file_needs_another_version(deployment: Deployment) -> None:
    start(deployment, {"house-form.toml": own_form()})
    assert "version: must rise" in refusal(deployment, text="Felt welcome")
    changed = own_form(text="Felt welcome", version="1.0.1")
    assert start(deployment, {"house-form.toml": changed}).known["house-form"].version == "1.0.1"


def test_a_new_version_may_not_score_what_was_answered_otherwise(deployment: Deployment) -> None:
    answer(start(deployment, {"house-form.toml": own_form()}))
    told = refusal(deployment, version="1.1.0", reversed="true")
    assert "items, ranges or keys changed after it was answered" in told


def test_before_anybody_answered_keys_may_change_with_the_version(deployment: Deployment) -> None:
    start(deployment, {"house-form.toml": own_form()})
    changed = own_form(version="1.1.0", reversed="true")
    assert start(deployment, {"house-form.toml": changed}).known["house-form"].items[0].reversed


def test_the_shipped_instruments_always_fit(deployment: Deployment) -> None:
    record_response(deployment, a_response(), an_access())
    assert "srs-3" in start(deployment, {}).known


OTHER_KINDS = """
[options.places]
title = "Places"
choices = [{ code = "here", display = "Here" }, { code = "CODE", display = "There" }]

[[items]]
link_id = "place"
text = "Where"
kind = "one-of"
options = "places"

[[items]]
link_id = "why"
text = "Why"
kind = "text"
enabled_when = { item = "place", is = "here" }
"""


def with_choices(version: str, code: str) -> dict[str, str]:
    text = own_form(version=version).replace('push = "always"', 'push = "scores-only"')
    return {"house-form.toml": text + OTHER_KINDS.replace("CODE", code)}


def test_choices_and_conditions_that_stay_the_same_fit(deployment: Deployment) -> None:
    answer(start(deployment, with_choices("1.0.0", "there")))
    assert start(deployment, with_choices("1.1.0", "there")).known["house-form"].version == "1.1.0"


def test_a_choice_that_could_have_been_chosen_must_stay(deployment: Deployment) -> None:
    answer(start(deployment, with_choices("1.0.0", "there")))
    with pytest.raises(SettingsRefused) as refused:
        start(deployment, with_choices("1.1.0", "elsewhere"))
    assert "items, ranges or keys changed" in refused.value.faults[0]
