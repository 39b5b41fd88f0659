"""What an EHR receives is what the golden files say, and is built as FHIR says."""

from pathlib import Path

import pytest

from fhir_mappings.json_text import dumps_indented
from fhir_mappings.structure import check_structure
from tests.golden.resources import EXTENSIONS, golden_answers, golden_extensions, golden_resources

FOLDER = Path(__file__).parent
GOLDEN = golden_resources()
ALL = GOLDEN | golden_answers()
EXTENSION_FILES = golden_extensions()


@pytest.mark.parametrize("name", sorted(ALL))
def test_emitted_resources_equal_their_golden_file(name):
    assert dumps_indented(ALL[name]) == (FOLDER / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_emitted_resources_are_built_as_fhir_says(name):
    assert GOLDEN[name]
    assert [check_structure(resource) for resource in GOLDEN[name]] == [[] for _ in GOLDEN[name]]


@pytest.mark.parametrize("name", sorted(EXTENSION_FILES))
def test_the_validator_of_the_test_ehr_knows_our_extensions(name):
    assert dumps_indented(EXTENSION_FILES[name]) == (EXTENSIONS / f"{name}.json").read_bytes()


def test_every_golden_file_stands_for_something_we_emit():
    assert {file.stem for file in FOLDER.glob("*.json")} == set(ALL)
    assert {file.stem for file in EXTENSIONS.glob("ours-*.json")} == set(EXTENSION_FILES)
