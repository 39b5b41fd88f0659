"""What can be said of compose.yaml and the Dockerfile without an engine."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from service import VERSION
from service.settings import PREFIX, Settings
from service.store.database import Database

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "service" / "container"
TEXT = (FOLDER / "compose.yaml").read_text()
PAGE = (ROOT / "service" / "container.md").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if "ALLIANCE_IMAGE" in one["image"]}
# They say whose tokens and keys count, and are none.
NO_SECRETS = {"ALLIANCE_TOKEN_ISSUER", "ALLIANCE_TOKEN_AUDIENCE", "ALLIANCE_API_KEYS"}
SECRET_WORDS = ("PASSWORD", "SECRET", "KEY", "DATABASE_URL", "TOKEN", "CERTIFICATE")


def variables_of(service: dict[str, Any]) -> dict[str, str]:
    return dict(service.get("environment", {}))


def test_two_of_each_serve_and_deliver_after_one_migrated():
    commands = sorted(one["command"][0] for one in OURS.values())
    assert commands == ["api", "api", "migrate", "worker", "worker"]
    for name in OURS.keys() - {"migrate"}:
        assert OURS[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_every_setting_that_is_named_exists():
    named = {re.sub("_FILE$", "", name) for one in OURS.values() for name in variables_of(one)}
    assert {name.removeprefix(PREFIX).lower() for name in named} - Settings.model_fields.keys() == set()


@pytest.mark.parametrize("name", SERVICES)
def test_every_secret_comes_from_a_file(name):
    given = {key: value for key, value in variables_of(SERVICES[name]).items() if key not in NO_SECRETS}
    secret = [one for one in given if any(word in one for word in SECRET_WORDS)]
    files = {f"/run/secrets/{one}" for one in SERVICES[name].get("secrets", ())}

    assert [one for one in secret if not one.endswith("_FILE")] == []
    assert {given[one] for one in secret} <= files
    assert set(SERVICES[name].get("secrets", ())) <= COMPOSE["secrets"].keys()


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_may_more_than_it_must(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_none_is_root():
    assert {name: one.get("user", "the image's") for name, one in SERVICES.items() if name not in OURS} == {
        "database": "999:999",
        "proxy": "101:101",
    }


def test_the_proxy_alone_is_reached_from_outside():
    assert [name for name, one in SERVICES.items() if "ports" in one] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert SERVICES["database"]["networks"] == ["inside"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_one_version(name):
    tag = SERVICES[name]["image"].removesuffix("}").rpartition(":")[2]
    assert re.match(r"\d+\.\d+", tag)


def test_all_that_is_named_is_there_and_all_that_is_there_is_named():
    mounts = [mount.partition(":")[0] for one in SERVICES.values() for mount in one.get("volumes", ())]
    named = {
        "secrets": {name for one in SERVICES.values() for name in one.get("secrets", ())},
        "networks": {name for one in SERVICES.values() for name in one["networks"]},
        "volumes": {mount for mount in mounts if not mount.startswith("./")},
    }

    assert {kind: set(COMPOSE[kind]) for kind in named} == named
    assert [mount for mount in mounts if mount.startswith("./") and not (FOLDER / mount).is_file()] == []


def test_the_page_makes_every_secret_and_every_variable_that_has_no_default():
    made = set(re.findall(r"secrets/([a-z-]+)$", PAGE, re.MULTILINE))
    needed = set(re.findall(r"\$\{([A-Z_]+):\?", TEXT))

    assert made == COMPOSE["secrets"].keys()
    assert needed - set(re.findall(r"^([A-Z_]+)=", PAGE, re.MULTILINE)) == set()


def test_the_database_takes_every_connection_of_every_process():
    pool = Database("postgresql://db/x").engine.pool
    allowed = int(SERVICES["database"]["command"][-1].removeprefix("max_connections="))

    # Three are kept for superusers.
    assert (pool.size() + pool._max_overflow) * len(OURS) <= allowed - 3  # noqa: SLF001 - it is told nowhere else


def test_the_proxy_asks_where_the_api_is():
    addresses = {OURS[name]["networks"]["inside"]["ipv4_address"] for name in ("api-1", "api-2")}
    proxied = re.findall(r"server ([0-9.]+):8000", (FOLDER / "nginx.conf").read_text())
    assert set(proxied) == addresses


def test_image_and_compose_name_this_release():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
    assert f'image.version="{VERSION}"' in (ROOT / "Dockerfile").read_text()
    assert f"localhost/alliance:{VERSION}" in TEXT


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", lock.read_text(), re.MULTILINE))


def test_the_image_holds_the_versions_that_were_tested():
    tested, shipped = pins(ROOT / "requirements.lock"), pins(FOLDER / "requirements.lock")
    tools = {"pytest", "mypy", "ruff", "hypothesis", "schemathesis", "hatchling"}

    assert shipped
    assert shipped.items() <= tested.items()
    assert shipped.keys() & tools == set()


def test_the_image_holds_all_that_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {re.split(r"[^A-Za-z0-9._-]", one)[0].replace(".", "-") for one in project["dependencies"]}
    assert asked - pins(FOLDER / "requirements.lock").keys() == set()
