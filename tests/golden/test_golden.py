"""What an EHR receives is what the golden files say, and is built as FHIR says."""

from pathlib import Path

import pytest

from fhir_mappings.json_text import dumps_indented
from fhir_mappings.structure import check_structure
from tests.golden.resources import golden_resources

FOLDER = Path(__file__).parent
GOLDEN = golden_resources()


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_emitted_resources_equal_their_golden_file(name):
    assert dumps_indented(GOLDEN[name]) == (FOLDER / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_emitted_resources_are_built_as_fhir_says(name):
    assert GOLDEN[name]
    assert [check_structure(resource) for resource in GOLDEN[name]] == [[] for _ in GOLDEN[name]]


def test_every_golden_file_stands_for_something_we_emit():
    assert {file.stem for file in FOLDER.glob("*.json")} == set(GOLDEN)
