"""Commands and the start, where ALLIANCE_CONFIG describes several clinics."""

from pathlib import Path

import pytest

from service.__main__ import main
from service.commands.clinics import begin_clinics, prepare_clinics
from service.commands.environment import configuration_of
from service.errors import SettingsRefused
from service.figures import Figures
from service.store.chart import keep_fact
from tests.databases import empty_database

TWO = "[clinics.north]\n[clinics.south]\n"


@pytest.fixture
def database(tmp_path):
    opened = empty_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def configured(tmp_path: Path, database):
    def environ(text: str) -> dict[str, str]:
        file = tmp_path / "clinics.toml"
        file.write_text(text)
        return {"ALLIANCE_CONFIG": str(file), "ALLIANCE_DATABASE_URL": database.url}

    return environ


def run(arguments: str, environ: dict[str, str]) -> tuple[int, str]:
    written: list[str] = []
    return main(arguments.split(), environ, written.append), "".join(written)


def begun(environ: dict[str, str], database):
    configuration = configuration_of(environ)
    return begin_clinics(configuration, prepare_clinics(configuration, database, Figures()))


def at_fault(environ: dict[str, str], database) -> list[str]:
    with pytest.raises(SettingsRefused) as refused:
        begun(environ, database)
    return [fault.partition(":")[0] for fault in refused.value.faults]


@pytest.mark.parametrize(
    "command",
    [
        "deliveries list",
        "deliveries release",
        "fit-norms",
        "approve-norms n --preview",
        "check-ehr",
        "subscribe-ehr",
        "wording-template srs-3 de",
    ],
)
def test_a_command_asks_which_of_several_clinics_is_meant(configured, capsys, command):
    assert run(command, configured(TWO))[0] == 2
    assert capsys.readouterr().err == "--clinic: name one of north, south\n"


def test_a_command_works_for_the_clinic_that_is_named(configured):
    assert run("deliveries list --clinic south", configured(TWO)) == (0, "no deliveries\n")


def test_a_command_works_for_the_only_clinic(configured):
    assert run("deliveries list", configured("[clinics.north]")) == (0, "no deliveries\n")


def test_a_clinic_that_is_not_there_is_refused(configured, capsys):
    assert run("deliveries list --clinic west", configured(TWO))[0] == 2
    assert capsys.readouterr().err == "--clinic: ALLIANCE_CONFIG has north, south\n"


def test_a_command_tells_faults_by_table_and_key(configured, capsys):
    assert run("check-ehr --clinic south", configured(TWO))[0] == 2
    assert capsys.readouterr().err == "[clinics.south] ehr_base_url: must be set, to be checked\n"


@pytest.mark.parametrize("command", ["run", "api"])
def test_several_clinics_are_not_served_while_no_callers_tell_them_apart(configured, capsys, command):
    assert run(command, configured(TWO))[0] == 2
    told = capsys.readouterr().err
    assert told.startswith("[clinics.north]: no callers are configured (token_issuer, api_keys)")
    assert "[clinics.south]: no callers" in told


def test_two_clinics_of_one_issuer_are_not_served(configured, capsys):
    said = 'token_issuer = "https://login.example"\ntoken_audience = "alliance"\n'
    assert run("api", configured(f"[clinics.north]\n{said}[clinics.south]\n{said}"))[0] == 2
    assert capsys.readouterr().err == "[clinics.south] token_issuer: an earlier one has the same\n"


def test_two_clinics_that_one_ehr_launches_are_not_served(configured, capsys):
    said = 'api_keys = true\nlaunch_iss = "https://ehr.example/fhir{}"\nlaunch_client_id = "alliance"\n'
    north, south = said.format(""), said.format("/")
    assert run("api", configured(f"[clinics.north]\n{north}[clinics.south]\n{south}"))[0] == 2
    told = capsys.readouterr().err
    assert told.startswith("[clinics.south] launch_iss: an earlier one has the same; a launch does not say")


def test_clinics_share_the_database_and_the_threads(configured, database):
    deployments = begun(
        configured("".join(f"[clinics.c{n}]\nehr_parallel = 9\n" for n in range(20))), database
    )

    assert {one.database.engine for one in deployments} == {database.engine}
    assert [one.settings.ehr_parallel for one in deployments] == [3] * 20


def test_faults_in_the_files_of_all_clinics_are_told_at_once(configured, database):
    text = (
        '[clinics.north]\nwording_dir = "none"\n[clinics.south]\nmeasuring_plan = "none"\nehr_profile = "fax"'
    )

    assert at_fault(configured(text), database) == [
        "[clinics.north] wording_dir",
        "[clinics.south] measuring_plan",
    ]


def test_each_clinic_s_canonical_base_is_its_own(configured, database):
    with database.write() as tx:
        keep_fact(tx, "north", "canonical-base", "https://north.example/fhir")
        keep_fact(tx, "south", "canonical-base", "https://south.example/fhir")
    text = '[clinics.north]\ncanonical_base = "https://south.example/fhir"\n[clinics.south]\n'

    assert at_fault(configured(text), database) == [
        "[clinics.north] canonical_base",
        "[clinics.south] canonical_base",
    ]


def test_clinics_may_share_a_folder_of_wordings(configured, database, tmp_path):
    for clinic in ("north", "south"):
        (tmp_path / "words" / clinic).mkdir(parents=True)
        (tmp_path / "words" / clinic / "srs-4.de.toml").write_text("")
    text = '[clinics.north]\nwording_dir = "words"\n[clinics.south]\n'

    with pytest.raises(SettingsRefused) as refused:
        begun(configured(text), database)
    assert [fault.partition(" (name)")[0] for fault in refused.value.faults] == [
        "[clinics.north] wording_dir: north/srs-4.de.toml:"
    ]
