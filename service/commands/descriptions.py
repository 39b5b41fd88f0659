"""``settings-table`` and ``openapi``: what the documentation is written from."""

import argparse
from collections.abc import Mapping

from fhir_mappings import json_text
from service.app import describe_app
from service.callers import DEFAULT_CLINIC
from service.commands.command import Commands, Write
from service.commands.environment import Clinic, deployment_of
from service.settings import Settings, settings_table


def add_to(commands: Commands) -> None:
    """Add ``settings-table`` and ``openapi``."""
    commands.add("settings-table", _settings_table, "write the settings as a Markdown table")
    commands.add("openapi", _openapi, "write the OpenAPI description as JSON")


def _settings_table(_: argparse.Namespace, __: Mapping[str, str], write: Write) -> int:
    write(settings_table())
    return 0


def _openapi(_: argparse.Namespace, __: Mapping[str, str], write: Write) -> int:
    # The database is never opened: the description needs the routes alone.
    deployment = deployment_of(Clinic(DEFAULT_CLINIC, Settings.model_validate({})))
    write(json_text.dumps_indented(describe_app(deployment)).decode())
    return 0
