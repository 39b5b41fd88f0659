"""``views``: the ViewDefinitions by which an analyst's runner reads our NDJSON."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from fhir_mappings import json_text
from fhir_mappings.codes import Names
from fhir_mappings.view_definitions import SPARK_SCRIPT, spark_script, view_definitions
from service.commands.command import Commands, Write, add_clinic
from service.commands.environment import one_clinic
from service.errors import SettingsRefused


def add_to(commands: Commands) -> None:
    """Add ``views``."""
    about = "write SQL on FHIR ViewDefinitions, and the script that runs them on Spark"
    made = add_clinic(commands.add("views", _views, about))
    made.add_argument("folder", type=Path, metavar="DIR", help="where to; files of these names are replaced")


def _views(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    with one_clinic(asked, environ) as clinic:
        names = Names(clinic.settings.canonical_base)
    files = {
        f"{name}.json": json_text.dumps_indented(view).decode()
        for name, view in view_definitions(names).items()
    }
    try:
        asked.folder.mkdir(parents=True, exist_ok=True)
        for name, text in (files | {SPARK_SCRIPT: spark_script()}).items():
            (asked.folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsRefused([f"DIR: cannot be written: {os.strerror(error.errno or 0)}"]) from error
    write(f"{len(files)} views and {SPARK_SCRIPT} are in {asked.folder}\n")
    return 0
