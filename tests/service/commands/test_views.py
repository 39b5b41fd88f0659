"""``views`` writes what an analyst's runner needs, for the clinic's canonical base."""

import json

from fhir_mappings.view_definitions import SPARK_SCRIPT
from service.__main__ import main

BASE = {"ALLIANCE_CANONICAL_BASE": "https://clinic.example/fhir"}


def test_the_views_and_their_script_lie_in_the_folder(tmp_path):
    told = []

    assert main(["views", str(tmp_path / "views")], BASE, told.append) == 0

    assert told == [f"6 views and {SPARK_SCRIPT} are in {tmp_path / 'views'}\n"]
    written = json.loads((tmp_path / "views" / "scores.json").read_text())
    assert written["url"] == "https://clinic.example/fhir/ViewDefinition/scores"
    assert (tmp_path / "views" / SPARK_SCRIPT).is_file()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path, capsys):
    (tmp_path / "taken").touch()

    assert main(["views", str(tmp_path / "taken")], BASE) == 2

    assert capsys.readouterr().err == "DIR: cannot be written: File exists\n"
