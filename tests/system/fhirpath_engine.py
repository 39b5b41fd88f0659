"""The FHIRPath engine of npm, run over whole forms: an independent reader of our formulas."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.system.npm_packages import packages_folder, run_npm

ENGINE = "fhirpath@4.6.0"
_SCRIPT = Path(__file__).parent / "parity" / "scores.cjs"

Json = dict[str, Any]
# Of one response: link id of a score -> its value, None where the formula gives nothing.
FormulaScores = Mapping[str, Decimal | None]


def install_engine() -> Path:
    """Return the folder that holds the engine; the first time npm brings it."""
    folder = packages_folder(ENGINE)
    if not (folder / "node_modules" / "fhirpath" / "package.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]
        run_npm("install", "--silent", *options, ENGINE)
    return folder


def formula_scores(forms: Sequence[tuple[Json, Sequence[Json]]]) -> list[list[FormulaScores]]:
    """Return what the engine computes for each form, for each response, by the form's own expressions.

    Resources are JSON with plain numbers, as a form filler in a browser has them.
    """
    asked = [{"questionnaire": form, "responses": list(responses)} for form, responses in forms]
    done = subprocess.run(  # noqa: S603 - our own script
        ["node", str(_SCRIPT), str(install_engine())],  # noqa: S607 - whichever node the machine has
        input=json.dumps(asked, default=float),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[list[FormulaScores]] = json.loads(done.stdout, parse_float=Decimal, parse_int=Decimal)
    return found
