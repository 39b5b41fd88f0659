"""``check-instruments`` and ``wording-template``: what a clinic writes its own forms and words with."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.check_files import check_instrument_files
from fhir_mappings.summary import summary
from fhir_mappings.wording_file import LANGUAGE
from fhir_mappings.wording_template import to_template
from service.commands.command import Commands, Write, add_clinic
from service.commands.environment import (
    UNREADABLE,
    chosen_instruments,
    instrument_files,
    one_clinic,
    read_texts,
)
from service.errors import SettingsRefused


def add_to(commands: Commands) -> None:
    """Add ``check-instruments`` and ``wording-template``."""
    about = "check instrument files and work an example"
    checking = commands.add("check-instruments", _check_instruments, about)
    checking.add_argument(
        "paths", nargs="*", type=Path, metavar="DIR", help="folder or file; default: those shipped"
    )
    about = "write an empty file for a clinic's own wording"
    template = add_clinic(commands.add("wording-template", _wording_template, about))
    template.add_argument("instrument", help="such as srs-3")
    template.add_argument("language", help="language tag, such as de or pt-BR")


def _check_instruments(asked: argparse.Namespace, _: Mapping[str, str], write: Write) -> int:
    if not asked.paths:
        write("\n\n".join(summary(one) for one in shipped_instruments().values()) + "\n")
        return 0
    files, unreadable = read_texts(file for path in asked.paths for file in instrument_files(path))
    report = check_instrument_files(files, shipped_instruments())
    for name in unreadable:
        write(f"{name}: {UNREADABLE}\n")
    write(f"{report.text()}\n" if files else "")
    if not files and not unreadable:
        write("there is no instrument file (<id>.toml)\n")
    return 1 if unreadable or report.fault_count or not files else 0


def _wording_template(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    with one_clinic(asked, environ) as clinic:
        known = chosen_instruments(clinic.settings).known
    faults = []
    if asked.instrument not in known:
        faults.append(f"INSTRUMENT: there is no instrument {asked.instrument}")
    if not LANGUAGE.fullmatch(asked.language):
        faults.append("LANGUAGE: must be a language tag, such as de or pt-BR")
    if faults:
        raise SettingsRefused(faults)
    write(to_template(known[asked.instrument], asked.language))
    return 0
