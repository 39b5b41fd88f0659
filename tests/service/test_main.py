"""The command line, but for what listens: that is tried by the system tests."""

import json
import re

import httpx
import pytest
import respx

from fhir_mappings.catalogue import shipped_instruments
from service.__main__ import main
from service.settings import settings_table
from tests.databases import unmigrated_database
from tests.form_maps import srs_map
from tests.service.api.fhir.calls import create, sent
from tests.service.own_form import write_own_form
from tests.service.store.standing import stand_at


def run(*arguments: object, **settings: str) -> tuple[int, str]:
    """Return exit code and output of one command."""
    written: list[str] = []
    environ = {f"ALLIANCE_{name.upper()}": value for name, value in settings.items()}
    code = main([str(one) for one in arguments], environ, written.append)
    return code, "".join(written)


@pytest.fixture
def url(tmp_path):
    database = unmigrated_database(tmp_path)
    yield database.url
    database.close()


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
    for instrument in shipped_instruments().values():
        assert instrument.reference in text
    assert re.search(r"->  total [0-9]", text)


def test_a_folder_of_sound_files_is_summed_up_with_an_example(tmp_path):
    write_own_form(tmp_path)

    code, text = run("check-instruments", tmp_path)

    assert code == 0
    assert text.startswith("house-form.toml: valid\nhouse-form|1.0.0")
    assert "->  total 4" in text


def test_every_fault_of_every_file_is_named(tmp_path):
    write_own_form(tmp_path, step="0", title="")
    (tmp_path / "srs-3.toml").write_text('id = "srs-3"\n')
    (tmp_path / "bytes.toml").write_bytes(b"\xff")

    code, text = run("check-instruments", tmp_path, tmp_path / "no.toml")

    assert code == 1
    assert "house-form.toml: 2 faults\n  items[0].step: must be more than 0" in text
    assert "  title: must not be blank" in text
    assert "  id: is the id of a shipped instrument" in text
    for name in ("bytes.toml", "no.toml"):
        assert f"{name}: cannot be read as a text in UTF-8" in text


def test_an_empty_folder_is_not_well(tmp_path):
    assert run("check-instruments", tmp_path) == (1, "there is no instrument file (<id>.toml)\n")


@pytest.mark.parametrize("command", [("run",), ("deliveries", "list")])
def test_a_bad_instrument_file_stops_the_start_with_its_faults(tmp_path, url, capsys, command):
    write_own_form(tmp_path, step="0", title="")

    code, _ = run(*command, instruments_dir=str(tmp_path), database_url=url)

    assert code == 2
    assert [line.rpartition(": ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "ALLIANCE_INSTRUMENTS_DIR: house-form.toml: items[0].step",
        "ALLIANCE_INSTRUMENTS_DIR: house-form.toml: title",
    ]


def test_a_folder_of_instruments_that_is_not_there_stops_the_start(tmp_path, url, capsys):
    code, _ = run("run", instruments_dir=str(tmp_path / "no"), database_url=url)

    assert code == 2
    assert capsys.readouterr().err == "ALLIANCE_INSTRUMENTS_DIR: there is no such folder\n"


def test_an_instrument_file_that_is_no_text_stops_the_start(tmp_path, url, capsys):
    (tmp_path / "bytes.toml").write_bytes(b"\xff")

    code, _ = run("run", instruments_dir=str(tmp_path), database_url=url)

    assert code == 2
    assert capsys.readouterr().err.startswith("ALLIANCE_INSTRUMENTS_DIR: bytes.toml: cannot be read")


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


@pytest.mark.parametrize(("host", "asked"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("[::]", "[::1]")])  # noqa: S104 - it listens everywhere
def test_health_asks_here_where_the_service_listens_everywhere(host, asked):
    with respx.mock() as service:
        service.get(f"http://{asked}:8000/live").respond(200)
        assert run("health", host=host) == (0, "alive\n")


def test_a_worker_is_asked_for_one_figure():
    with respx.mock() as worker:
        worker.get("http://127.0.0.1:9100/metrics?name%5B%5D=alliance_attempts_total").respond(200)
        assert run("health", "--worker", metrics_port="9100") == (0, "alive\n")


def test_a_worker_without_a_port_cannot_be_asked(capsys):
    assert run("health", "--worker")[0] == 2
    assert capsys.readouterr().err.startswith("ALLIANCE_METRICS_PORT: must be set")


@pytest.mark.parametrize("command", ["run", "migrate"])
def test_a_database_of_another_generation_stops_the_start(command, database, capsys):
    stand_at(database, "1001")

    assert run(command, database_url=database.url)[0] == 2
    assert capsys.readouterr().err.startswith("ALLIANCE_DATABASE_URL: the database was migrated by a newer")


def test_an_unknown_surface_of_the_sandbox_is_refused(capsys, tmp_path):
    code, _ = run("sandbox-ehr", "--surface", "nonsense", "--database", tmp_path / "ehr.db")

    assert code == 2
    assert capsys.readouterr().err.startswith("--surface, --fhir-version: there is no surface")


def test_an_unknown_vendor_profile_stops_the_start(url, capsys):
    code, _ = run("run", database_url=url, ehr_profile="fax")

    assert code == 2
    assert capsys.readouterr().err.startswith(
        "ALLIANCE_EHR_PROFILE: there is no profile 'fax'; known: generic"
    )


def test_every_fault_of_a_clinics_own_profile_stops_the_start(tmp_path, url, capsys):
    file = tmp_path / "ours.toml"
    file.write_text('title = "Ours"\nsource = "tried"\nrungs = ["paper"]\ncolour = "red"\n')
    code, _ = run("run", database_url=url, ehr_profile=str(file))

    assert code == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_clinics_own_profile_is_read(tmp_path, url):
    file = tmp_path / "ours.toml"
    file.write_text('title = "Ours"\nsource = "tried"\nrungs = ["document"]\n')

    assert run("deliveries", "list", database_url=url, ehr_profile=str(file)) == (0, "no deliveries\n")


def test_a_template_of_a_clinics_wording_is_written():
    code, text = run("wording-template", "srs-3", "de")
    assert code == 0
    assert 'item-1 = ""  # Gehört und geachtet' in text


def test_a_template_of_nothing_is_refused(capsys):
    assert run("wording-template", "srs-4", "German")[0] == 2
    assert [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()] == [
        "INSTRUMENT",
        "LANGUAGE",
    ]


def test_a_bad_wording_stops_the_start_with_every_fault(tmp_path, url, capsys):
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "srs-4.de.toml").write_text("")
    (tmp_path / "srs-3.de.toml").write_text("")
    (tmp_path / ".hidden.toml").write_text("")

    assert run("run", wording_dir=str(tmp_path), database_url=url)[0] == 2
    assert capsys.readouterr().err.splitlines() == [
        "ALLIANCE_WORDING_DIR: default/srs-4.de.toml: (name): names no instrument that is known here",
        "ALLIANCE_WORDING_DIR: srs-3.de.toml: (name): must lie in the folder of the clinic, default",
    ]


def test_a_wording_that_cannot_be_read_stops_the_start(tmp_path, url, capsys):
    (tmp_path / "bytes.toml").write_bytes(b"\xff")

    assert run("run", wording_dir=str(tmp_path), database_url=url)[0] == 2
    assert run("run", wording_dir=str(tmp_path / "no"), database_url=url)[0] == 2
    assert capsys.readouterr().err.splitlines() == [
        "ALLIANCE_WORDING_DIR: bytes.toml: cannot be read as a text in UTF-8",
        "ALLIANCE_WORDING_DIR: there is no such folder",
    ]


def test_bad_form_maps_stop_the_start_with_every_fault(tmp_path, url, capsys):
    (tmp_path / "ehr").mkdir()
    (tmp_path / "ehr" / "srs-3.toml").write_text(srs_map(item_1='link_id = "q-item-2"'))
    (tmp_path / "ehr" / "phq-9.toml").write_text("")

    code, _ = run("run", form_maps_dir=str(tmp_path), database_url=url)

    told = capsys.readouterr().err
    assert code == 2
    assert "ALLIANCE_FORM_MAPS_DIR: ehr/phq-9.toml: (name): names no instrument" in told
    assert "ALLIANCE_FORM_MAPS_DIR: ehr/srs-3.toml: items.item-1.link_id: is the link id of another" in told


def test_subscribing_needs_an_address_where_the_ehr_reaches_us(url, capsys):
    code, _ = run("subscribe-ehr", database_url=url, ehr_base_url="http://127.0.0.1:8095/fhir")

    assert code == 2
    assert capsys.readouterr().err == "ALLIANCE_PUBLIC_BASE_URL: must be set to subscribe\n"


def test_subscribing_at_every_start_needs_polling_beside_it(url, capsys):
    code, _ = run("run", database_url=url, ehr_subscribe="true")

    assert code == 2
    assert capsys.readouterr().err.startswith("ALLIANCE_EHR_SUBSCRIBE: needs ALLIANCE_EHR_BASE_URL")


def test_an_ehr_that_cannot_be_subscribed_to_is_told_by_a_word(url):
    here = {"ehr_base_url": "http://127.0.0.1:8095/fhir", "public_base_url": "http://127.0.0.1:8000"}
    with respx.mock() as ehr:
        ehr.get("http://127.0.0.1:8095/fhir/metadata").respond(503)
        code, said = run("subscribe-ehr", database_url=url, **here)

    assert (code, said) == (1, "not subscribed: status-503\n")


def test_an_unknown_delivery_is_refused_in_a_sentence(url, capsys):
    for act in (("explain", "d-1"), ("retry", "d-1"), ("confirm", "d-1", "42"), ("discard", "d-1", "x")):
        assert run("deliveries", *act, database_url=url)[0] == 1
    assert capsys.readouterr().err == "There is no such delivery.\n" * 4
