"""The command line, but for what listens: that is tried by the system tests."""

import json
import re
from pathlib import Path

import httpx
import pytest
import respx

from fhir_mappings.catalogue import builtin_instruments
from service.__main__ import main
from service.settings import settings_table
from tests.service.api.fhir.calls import create, sent

SHIPPED = Path(__file__).parents[2] / "fhir_mappings" / "instruments"


def run(*arguments: object, **settings: str) -> tuple[int, str]:
    """Return exit code and output of one command."""
    written: list[str] = []
    environ = {f"ALLIANCE_{name.upper()}": value for name, value in settings.items()}
    code = main([str(one) for one in arguments], environ, written.append)
    return code, "".join(written)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/alliance.db"


@pytest.mark.parametrize("command", ["run", "migrate", "health"])
def test_settings_at_fault_are_told_line_by_line(capsys, command):
    code, _ = run(command, port="many", colour="red")

    lines = capsys.readouterr().err.splitlines()
    assert code == 2
    assert [line.partition(":")[0] for line in lines] == ["ALLIANCE_COLOUR", "ALLIANCE_PORT"]


OPEN_HOSTS = ["0.0.0.0", "::", "192.168.1.5", "alliance.example"]  # noqa: S104 - to see them refused


@pytest.mark.parametrize("host", OPEN_HOSTS)
def test_no_other_machine_is_served_while_no_callers_are_configured(capsys, url, host):
    code, _ = run("run", host=host, database_url=url)

    assert code == 2
    assert capsys.readouterr().err.startswith("ALLIANCE_HOST: no callers are configured")


@pytest.mark.parametrize(
    "arguments", [[], ["dance"], ["deliveries"], ["deliveries", "burn"], ["run", "--fast"]]
)
def test_a_bad_command_line_tells_how(capsys, arguments):
    with pytest.raises(SystemExit) as left:
        run(*arguments)

    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m service")


def test_the_settings_table_is_written():
    assert run("settings-table") == (0, settings_table())


def test_the_openapi_description_names_both_doors():
    code, text = run("openapi")

    paths = json.loads(text)["paths"]
    assert code == 0
    assert {"/fhir/metadata", "/v1/responses", "/live"} <= set(paths)


def test_the_shipped_instruments_are_summed_up_with_an_example():
    code, text = run("check-instruments")

    assert code == 0
    for instrument in builtin_instruments().values():
        assert instrument.reference in text
    assert re.search(r"->  total [0-9]", text)


def test_a_sound_file_is_summed_up():
    code, text = run("check-instruments", SHIPPED / "srs-3.toml")

    assert code == 0
    assert text.startswith("srs-3|")


def test_every_faulty_file_is_named(tmp_path):
    (tmp_path / "srs-3.toml").write_text('id = "srs-3"\n')
    (tmp_path / "bytes.toml").write_bytes(b"\xff")

    code, text = run(
        "check-instruments", tmp_path / "srs-3.toml", tmp_path / "bytes.toml", tmp_path / "no.toml"
    )

    assert code == 1
    assert [line.partition(":")[0] for line in text.splitlines()] == ["srs-3.toml", "bytes.toml", "no.toml"]


def test_a_database_is_migrated_and_has_no_deliveries(url):
    assert run("migrate", database_url=url)[0] == 0
    assert run("deliveries", "list", database_url=url) == (0, "no deliveries\n")
    assert run("deliveries", "release", database_url=url) == (0, "0 released\n")


def test_waiting_deliveries_are_listed(client, database):
    create(client, sent())

    code, text = run("deliveries", "list", "--state", "waiting", database_url=database.url)

    assert code == 0
    assert "waiting" in text
    assert " response " in text


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(200), (0, "alive\n")),
        (httpx.Response(503), (1, "not alive: status 503\n")),
        (httpx.ConnectError("no"), (1, "not alive: connect-error\n")),
    ],
)
def test_health_asks_the_running_service(answer, expected):
    with respx.mock() as service:
        service.get("http://127.0.0.1:8123/live").mock(
            **{"side_effect" if isinstance(answer, Exception) else "return_value": answer}
        )
        assert run("health", port="8123") == expected


def test_an_unknown_surface_of_the_sandbox_is_refused(capsys, tmp_path):
    code, _ = run("sandbox-ehr", "--surface", "nonsense", "--database", tmp_path / "ehr.db")

    assert code == 2
    assert capsys.readouterr().err.startswith("--surface:")
