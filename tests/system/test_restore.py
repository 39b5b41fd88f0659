"""An older backup is put back under a service that went on delivering: nothing is doubled in the EHR."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fhir_mappings import json_text
from service.__main__ import main
from service.sandbox.seeding import seed_database
from tests.demo_clinic import seed_bundle
from tests.system.chart import Chart
from tests.system.children import ApiAlone, SandboxEhr, Service, WorkerAlone
from tests.system.exactly_once import find_differences, wait_until_delivered
from tests.system.hapi import Hapi
from tests.system.people import clinic_called, latest, seed_ehr
from tests.system.postgres import dump_database, new_database, restore_database
from tests.system.sending import send_all


def command(*arguments: object, **settings: str) -> str:
    """Run a command of the service that must go well; return what it printed."""
    printed: list[str] = []
    environ = {f"ALLIANCE_{name.upper()}": value for name, value in settings.items()}
    assert main([str(one) for one in arguments], environ, printed.append) == 0
    return "".join(printed)


@pytest.mark.hapi
def test_a_file_is_put_back_and_hapi_holds_everything_once(hapi: Hapi, tmp_path: Path, name_of) -> None:
    clinic = clinic_called(name_of("restored"), clients=4, seed=47)
    seed_ehr(hapi.fhir, clinic)
    ratings, copy = latest(clinic, 30), tmp_path / "copy.db"
    service = Service(tmp_path, ehr_base_url=hapi.fhir, ehr_name="hapi")
    database_url = f"sqlite:///{service.database}"
    with service:
        send_all(service.base_url, ratings[:15])
        command("backup", copy, database_url=database_url)
        send_all(service.base_url, ratings[15:])
        wait_until_delivered(service.base_url)
    for file in tmp_path.glob("alliance.db*"):
        file.unlink()
    shutil.copyfile(copy, service.database)
    command("after-restore", database_url=database_url, ehr_name="hapi")
    with service, Chart(hapi.fhir) as chart:
        sent = send_all(service.base_url, ratings)
        wait_until_delivered(service.base_url)

        assert find_differences(chart, service.base_url, sent) == []


@pytest.mark.hapi
def test_an_export_is_valid_fhir(hapi: Hapi, hapi_chart: Chart, tmp_path: Path, name_of) -> None:
    clinic = clinic_called(name_of("exported"), clients=1, seed=48)
    seed_ehr(hapi.fhir, clinic)
    service = Service(tmp_path, ehr_base_url=hapi.fhir, ehr_name="hapi")
    with service:
        send_all(service.base_url, latest(clinic, 8))
        wait_until_delivered(service.base_url)
    patient = latest(clinic, 1)[0].client
    exported = command("export-patient", patient, database_url=f"sqlite:///{service.database}")

    assert hapi_chart.validation_errors(json_text.loads(exported)) == []


@pytest.mark.postgres
def test_a_dump_is_put_back_and_the_ehr_holds_everything_once(postgres: str, tmp_path: Path) -> None:
    clinic = clinic_called("dumped", clients=4, seed=49)
    # It doubles what is sent twice: neither transactions nor conditions.
    ehr = SandboxEhr(tmp_path, surface="no-transaction")
    seed_database(str(ehr.database), seed_bundle(clinic))
    ratings, dump = latest(clinic, 30), tmp_path / "alliance.dump"
    first, second = (new_database(postgres, name) for name in ("dumped", "put_back"))
    settings = {"ALLIANCE_EHR_BASE_URL": ehr.fhir, "ALLIANCE_EHR_SETTLE_SECONDS": "2"}
    with ehr, Chart(ehr.fhir) as chart:
        with _running(tmp_path, settings | {"ALLIANCE_DATABASE_URL": first}) as base_url:
            send_all(base_url, ratings[:15])
            dump_database(first, dump)
            send_all(base_url, ratings[15:])
            wait_until_delivered(base_url)
        gone, certificate = ratings[0].client, tmp_path / "certificate.json"
        asked = ("erase-patient", gone, "--by", "me", "--reason", "asked to")
        certificate.write_text(command(*asked, database_url=first))
        restore_database(second, dump)
        told = command("after-restore", "--erased", certificate, database_url=second)
        with _running(tmp_path, settings | {"ALLIANCE_DATABASE_URL": second}) as base_url:
            sent = send_all(base_url, [one for one in ratings if one.client != gone])
            wait_until_delivered(base_url)

            assert find_differences(chart, base_url, sent) == []
    assert "1 patients were erased again" in told


@contextmanager
def _running(folder: Path, settings: dict[str, str]) -> Iterator[str]:
    """Give the address of an API that has a worker beside it on the same database."""
    with ApiAlone(folder, settings) as api, WorkerAlone(folder, "worker", settings):
        yield api.base_url
