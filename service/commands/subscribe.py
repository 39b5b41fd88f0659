"""``subscribe-ehr``: ask the EHR to tell us of forms that are filled there."""

import argparse
from collections.abc import Mapping

from service.commands.command import Commands, Write, add_clinic
from service.commands.environment import Clinic, deployment_of, one_clinic
from service.ehr.client import EhrClient
from service.ehr.connection import credentials_for, open_http
from service.errors import EhrError, SettingsRefused
from service.flows.audit_command import command_access
from service.flows.subscribe_ehr import subscribe_ehr
from service.settings import Settings

_SAID = {
    "created": "the EHR tells us of new forms from now on",
    "renewed": "the EHR had our subscription, which was renewed",
    "there": "the EHR has our subscription already; nothing was changed",
}


def add_to(commands: Commands) -> None:
    """Add ``subscribe-ehr``."""
    add_clinic(commands.add("subscribe-ehr", _subscribe, "ask the EHR to tell of forms filled there, once"))


def _subscribe(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    with one_clinic(asked, environ) as clinic:
        return _subscribe_clinic(clinic, write)


def _subscribe_clinic(clinic: Clinic, write: Write) -> int:
    base = _base_of(clinic.settings)
    deployment = deployment_of(clinic)
    http = open_http(clinic.settings)
    credentials = credentials_for(clinic.settings, http, deployment.clock)
    client = EhrClient(http, base, deployment.clock, deployment.ehr_profile, credentials=credentials)
    try:
        deployment.database.migrate()
        done = subscribe_ehr(deployment, client, command_access(clinic.name, "subscribe-ehr", "C"))
        write(f"{_SAID[done]}\n")
    except EhrError as error:
        write(f"not subscribed: {error.code}\n")
        return 1
    finally:
        http.close()
        deployment.database.close()
    return 0


def _base_of(settings: Settings) -> str:
    """Return the EHR's base; raises ``SettingsRefused`` where it or our own address is missing."""
    needed = {
        "ALLIANCE_EHR_BASE_URL": settings.ehr_base_url,
        "ALLIANCE_PUBLIC_BASE_URL": settings.public_base_url,
    }
    missing = [f"{name}: must be set to subscribe" for name, value in needed.items() if value is None]
    if missing or settings.ehr_base_url is None:
        raise SettingsRefused(missing)
    return settings.ehr_base_url
