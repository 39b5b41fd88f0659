"""LHC-Forms shows every form that we ship; what it exports for a person is taken unchanged, scored right."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from fhir_mappings import json_text
from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.instrument import Item
from fhir_mappings.questionnaire import to_questionnaire
from tests.builders import NAMES
from tests.demo_clinic.processes import ROOT
from tests.system.children import SandboxEhr, Service
from tests.system.form_renderer import Drawn, Task, draw

pytestmark = pytest.mark.rendering

PICTURES = ROOT / "build" / "rendering"
FORMS = {one.id: to_questionnaire(one, NAMES) for one in shipped_instruments().values()}
LINES = {
    one.id: [item for item in one.all_items if isinstance(item, Item) and item.scale is None]
    for one in shipped_instruments().values()
}
WITH_LINES = sorted(form for form, lines in LINES.items() if lines)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """What somebody enters in a form, and what scores that gives, computed by hand."""

    answers: tuple[tuple[str, str], ...]
    scores: Json


FREQUENCIES = ("Seldom - 1", "Sometimes - 2", "Fairly often - 3", "Very often - 4", "Always - 5")
PEOPLE = {
    "srs-3": Person(
        (("item-1", "7.3"), ("item-2", "9.1"), ("item-3", "9.4"), ("item-4", "7.8")),
        {"total": 33.6},
    ),
    # Task is items 1, 2, 10, 12: 2 + 3 + 1 + 3. Bond 3, 5, 7, 9: 4 + 1 + 3 + 5.
    # Goal 4, 6, 8, 11: 5 + 2 + 4 + 2. Means over 4, 4, 4 and 12 items.
    "wai-sr-client": Person(
        tuple((f"item-{number}", FREQUENCIES[number % 5]) for number in range(1, 13)),
        {
            "task": 9,
            "task-mean": 2.25,
            "bond": 13,
            "bond-mean": 3.25,
            "goal": 13,
            "goal-mean": 3.25,
            "total": 35,
            "total-mean": 2.92,
        },
    ),
    "session-check-in-client": Person(
        (("felt", "Calm, then sad"), ("understood", "7"), ("on-track", "Partly")),
        {"understood": 7},
    ),
}


def items_below(element: Json) -> list[Json]:
    """Return all items that ask or show something of their own: not the words beside a line."""
    own = [one for one in element.get("item", []) if one["type"] != "display"]
    return [found for one in own for found in (one, *items_below(one))]


def opening_answers(form: Json) -> tuple[tuple[str, str], ...]:
    """Return the answers that open what other answers keep closed."""
    conditions = [one for item in items_below(form) for one in item.get("enableWhen", [])]
    opening = {
        one["question"]: "Yes" if "answerBoolean" in one else one["answerCoding"]["display"]
        for one in conditions
    }
    return tuple(opening.items())


def words_of(option: Json) -> str:
    """Return how LHC-Forms writes an option: with its weight, where it has one."""
    weights = [one["valueDecimal"] for one in option.get("extension", []) if "valueDecimal" in one]
    return " - ".join([option["valueCoding"]["display"], *(str(one) for one in weights[:1])])


def texts(form: Json) -> dict[str, str]:
    return {one["linkId"]: one["text"] for one in items_below(form)}


@pytest.fixture(scope="module")
def drawn() -> dict[str, Drawn]:
    """Every form as a person sees it, with nothing filled in but what opens further items."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    tasks = [Task(form, PICTURES / f"{name}.png", opening_answers(form)) for name, form in FORMS.items()]
    return dict(zip(FORMS, draw(tasks, "anna"), strict=True))


@pytest.fixture(scope="module")
def filled() -> dict[str, Drawn]:
    """The forms that a person filled by mouse and keyboard."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    tasks = [Task(FORMS[name], PICTURES / f"{name}-filled.png", one.answers) for name, one in PEOPLE.items()]
    return dict(zip(PEOPLE, draw(tasks, "anna"), strict=True))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with (
        SandboxEhr(folder, surface="everything") as ehr,
        Service(folder, ehr_base_url=ehr.fhir, ehr_name="sandbox") as started,
    ):
        yield started


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_drawn_without_a_fault(drawn, name):
    assert drawn[name].faults == []


@pytest.mark.parametrize("name", FORMS)
def test_every_item_is_in_sight_with_its_text(drawn, name):
    assert {link_id: item.text for link_id, item in drawn[name].items.items()} == texts(FORMS[name])


@pytest.mark.parametrize("name", FORMS)
def test_every_choice_shows_its_options(drawn, name):
    choices = [one for one in items_below(FORMS[name]) if one["type"] == "choice"]
    expected = {one["linkId"]: [words_of(option) for option in one["answerOption"]] for one in choices}
    assert {link_id: drawn[name].items[link_id].choices for link_id in expected} == expected


# LHC-Forms draws no slider: a mark is a field for a number, which names the range, beside both ends in words.
@pytest.mark.parametrize("name", WITH_LINES)
def test_a_line_is_a_field_that_names_its_range_and_both_ends(drawn, name):
    for line in LINES[name]:
        shown = drawn[name].items[line.link_id]
        assert shown.help == f"{line.minimum:f} = {line.lower_anchor}; {line.maximum:f} = {line.upper_anchor}"
        assert (shown.hint or "").startswith(f"{line.minimum:.{line.decimal_places}f} to ")


@pytest.mark.parametrize("name", PEOPLE)
def test_a_person_sees_the_scores_of_what_was_filled_in(filled, name):
    in_the_form = {
        key: value for key, value in PEOPLE[name].scores.items() if key not in dict(PEOPLE[name].answers)
    }
    assert filled[name].faults == []
    assert {key: float(filled[name].items[key].value) for key in in_the_form} == in_the_form


@pytest.mark.parametrize("name", PEOPLE)
def test_what_the_form_exports_is_taken_unchanged_and_scored_right(filled, service, name):
    headers = {"Content-Type": "application/fhir+json"}
    sent = json_text.dumps(filled[name].response)
    answer = httpx.post(f"{service.fhir}/QuestionnaireResponse", content=sent, headers=headers, timeout=30)

    assert answer.status_code == httpx.codes.CREATED, answer.text
    stored = httpx.get(f"{service.base_url}/v1/responses/{answer.json()['id']}", timeout=30).json()
    assert (stored["complete"], stored["scores"]) == (True, PEOPLE[name].scores)
