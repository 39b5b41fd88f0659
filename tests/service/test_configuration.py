"""A file describes several clinics, or every fault of it is told by table and key."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from service.configuration import Configuration, read_configuration
from service.errors import SettingsRefused

EXAMPLE = Path(__file__).parents[2] / "service" / "clinics.example.toml"
FILE = "conf/clinics.toml"


def configured(text: str, files: Mapping[str, str] | None = None, **variables: str) -> Configuration:
    """Return what a file of clinics says; ``files`` are the others that can be read, by path."""
    known = {FILE: text, **(files or {})}

    def read_file(path: str) -> str:
        if path not in known:
            raise FileNotFoundError(path)
        return known[path]

    environ = {f"ALLIANCE_{name.upper()}": value for name, value in variables.items()}
    return read_configuration({"ALLIANCE_CONFIG": FILE, **environ}, read_file)


def told(text: str, files: Mapping[str, str] | None = None, **variables: str) -> list[str]:
    """Return the sentences with which a file of clinics is refused."""
    with pytest.raises(SettingsRefused) as refused:
        configured(text, files, **variables)
    return list(refused.value.faults)


def places(text: str, **variables: str) -> list[str]:
    """Return where the faults are."""
    return [fault.partition(":")[0] for fault in told(text, **variables)]


def test_variables_describe_the_one_clinic():
    found = read_configuration({"ALLIANCE_PORT": "8001"}, str)

    assert (list(found.clinics), found.service.port, found.from_file) == (["default"], 8001, False)


def test_the_example_describes_two_clinics():
    secrets = {"database-url": "postgresql://a:b@db/alliance\n", "north-key.pem": "k", "south-token": "t"}
    found = configured(EXAMPLE.read_text(), {f"conf/secrets/{name}": text for name, text in secrets.items()})

    north, south = found.clinics.values()
    assert list(found.clinics) == ["north", "south"]
    assert (north.ehr_client_id, south.enabled_instruments) == (
        "alliance-north",
        ("wai-srt-therapist", "sai-client"),
    )
    assert north.database_url == south.database_url == found.service.database_url
    assert north.wording_dir == "conf/wording"


def test_what_all_share_may_be_a_variable():
    found = configured("[clinics.north]", port="8001", host="localhost")

    assert (found.service.port, found.clinics["north"].host) == (8001, "localhost")


def test_no_variable_describes_a_clinic_beside_a_file():
    assert told("[clinics.north]", ehr_name="main") == [
        "ALLIANCE_EHR_NAME: with ALLIANCE_CONFIG it stands in a clinic's table"
    ]


def test_every_fault_is_told_at_once_by_table_and_key():
    text = """
[service]
port = "many"
ehr_name = "main"
host = "localhost"
[clinics.north]
colour = "red"
ehr_auth = "bearer"
[clinics.south]
host = "localhost"
ehr_token_file = "none"
ehr_parallel = 0
[clinics.South]
[clients]
"""
    assert places(text, host="127.0.0.1") == [
        "[clients]",
        "[service] ehr_name",
        "[service] host",
        "[service] port",
        "[clinics.north] colour",
        "[clinics.north] ehr_base_url",
        "[clinics.north] ehr_token",
        "[clinics.south] host",
        "[clinics.south] ehr_token_file",
        "[clinics.south] ehr_parallel",
        "[clinics]",
    ]


def test_a_fault_names_keys_and_repeats_no_value():
    text = '[clinics.north]\nehr_token = "top hidden"\nehr_auth = "hidden"\nehr_base_url = "hidden"'

    faults = told(text)
    assert "hidden" not in "".join(faults)
    assert "ALLIANCE_" not in "".join(faults)


@pytest.mark.parametrize("text", ["", "clinics = 3", "[clinics]", "[service]"])
def test_a_file_without_clinics_is_refused(text):
    assert told(text) == ["[clinics]: each clinic needs a table [clinics.NAME], and there is none"]


@pytest.mark.parametrize("name", ["North", "-north", "'nörth'", f"n{'o' * 40}", "'a/b'", "''"])
def test_a_name_is_small_letters_digits_and_hyphens(name):
    assert places(f"[clinics.{name}]\n[clinics.south]") == ["[clinics]"]


def test_a_clinic_that_is_no_table_is_refused():
    assert told("[clinics]\nnorth = 3") == ["[clinics.north]: must be a table"]


def test_a_file_that_is_no_toml_is_refused_by_its_place():
    assert told('[clinics.north]\nehr_token = "hid\nden"') == [
        "ALLIANCE_CONFIG: the file is no TOML: see line 2, column 17"
    ]


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(SettingsRefused, match="ALLIANCE_CONFIG: the file cannot be read"):
        read_configuration({"ALLIANCE_CONFIG": "none.toml"}, lambda path: Path(path).read_text())


def test_a_value_and_its_file_are_not_given_together():
    text = '[clinics.north]\nehr_token = "t"\nehr_token_file = "token"'

    assert "[clinics.north] ehr_token_file: given both directly and as a file" in told(
        text, {"conf/token": "t"}
    )


def test_a_profile_of_ones_own_lies_beside_the_file():
    found = configured('[clinics.north]\nehr_profile = "ours.toml"\n[clinics.south]\nehr_profile = "epic"')

    assert [one.ehr_profile for one in found.clinics.values()] == ["conf/ours.toml", "epic"]


def test_what_is_found_later_is_told_by_table_too():
    found = configured("[clinics.north]")
    with pytest.raises(SettingsRefused) as refused, found.faults_of("north"):
        raise SettingsRefused(["ALLIANCE_WORDING_DIR: gone", "ALLIANCE_DATABASE_URL: gone", "--by: who?"])

    assert refused.value.faults == (
        "[clinics.north] wording_dir: gone",
        "ALLIANCE_DATABASE_URL: gone",
        "--by: who?",
    )
