"""The wheel of ``fhir_mappings`` alone, in an environment that holds nothing else but orjson."""

import json
import subprocess
import sys
import venv
from importlib.metadata import files
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# Scores and maps every shipped instrument that is answered by numbers, and says what could be imported.
PROGRAM = """
import importlib.util, json, sys
from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.codes import Names
from fhir_mappings.filled import Filled
from fhir_mappings.observation import to_observations
from fhir_mappings.response import to_response
from fhir_mappings.scoring import score
from fhir_mappings.summary import example_answers
from fhir_mappings.terminology import served_definitions

names, scored = Names("https://clinic.example/fhir"), {}
for form in shipped_instruments().values():
    answers = example_answers(form)
    scores = score(form, answers)
    filled = Filled("r-1", 1, "completed", form, answers, scores, "Patient/anna", "Patient/anna", None, None,
                    None, "2026-03-02T10:50:00+01:00", None, None, None, None, "2026-03-02T09:50:04Z")
    response = to_response(filled, names)
    scored[form.id] = [response["questionnaire"], len(to_observations(filled, names)), len(scores)]
marks = {"item-1": 9, "item-2": 9, "item-3": 9, "item-4": 9}
srs = shipped_instruments()["srs-3"]
print(json.dumps({
    "scored": scored,
    "total": str(score(srs, check_answers(srs, marks))[0].value),
    "definitions": len(served_definitions(shipped_instruments(), names)),
    "importable": [one for one in ("service", "fastapi", "fhir") if importlib.util.find_spec(one)],
}))
"""


def run(*command: object) -> str:
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [str(part) for part in command], capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the program says in an environment with the wheel and orjson."""
    folder = tmp_path_factory.mktemp("alone")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "-q")
    build = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder)
    run(*pip, "wheel", *build, ROOT / "fhir_mappings")
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    (packages,) = (folder / "env").glob("lib/python*/site-packages")
    run(*pip, "install", "--no-deps", "--no-index", "--target", packages, wheel)
    _copy_orjson(packages)
    return json.loads(run(folder / "env" / "bin" / "python", "-I", "-c", PROGRAM))


def _copy_orjson(packages: Path) -> None:
    """Take orjson from here: a test asks no package registry."""
    for file in files("orjson") or []:
        target = packages / file
        if ".." not in file.parts:
            target.parent.mkdir(parents=True, exist_ok=True)
            copyfile(file.locate(), target)


def test_it_scores_and_maps_every_instrument(told: dict[str, Any]) -> None:
    shipped = sorted(file.stem for file in (ROOT / "fhir_mappings" / "instruments").glob("*.toml"))
    assert sorted(told["scored"]) == shipped
    assert told["total"] == "36"
    assert told["scored"]["srs-3"] == ["https://clinic.example/fhir/Questionnaire/srs-3|1.0.0", 6, 1]
    assert told["definitions"] > len(shipped)


def test_it_needs_nothing_of_the_service(told: dict[str, Any]) -> None:
    assert told["importable"] == []
