"""``import`` and ``import-template``: histories out of other systems."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from service.api.v1.import_columns import template
from service.api.v1.import_map import OWN_TEMPLATE, ImportMap, read_import_map
from service.api.v1.import_rows import FileKind, read_file
from service.api.v1.shown_import import REPORT_COLUMNS, as_csv
from service.commands.acting import act_for_clinic
from service.commands.command import Commands, Write, add_clinic
from service.commands.environment import UNREADABLE, chosen_instruments, one_clinic
from service.errors import SettingsRefused
from service.flows.audit_command import command_access
from service.flows.deployment import Access, Deployment
from service.flows.import_history import Choices, import_history
from service.flows.show_import import list_imports, read_refusals
from service.store.imports import DONE, Import, Refusal

_STDIN = "-"
_NDJSON = frozenset({".ndjson", ".jsonl"})
_PIECE_BYTES = 65_536
_SHOWN = 20


def add_to(commands: Commands) -> None:
    """Add both commands."""
    about = "import a history: CSV with our columns or mapped ones, or NDJSON"
    bring = add_clinic(commands.add("import", _import, about))
    bring.add_argument("file", help="a .csv, .ndjson or .jsonl file; - is CSV from standard input")
    bring.add_argument("--map", metavar="FILE", help="a TOML file that maps others' columns to ours")
    bring.add_argument("--dry-run", action="store_true", help="only say what would become of each row")
    bring.add_argument(
        "--queue-deliveries",
        action="store_true",
        default=None,
        help="the EHR is to get the responses too (with --resume: as the import was begun)",
    )
    bring.add_argument(
        "--resume",
        metavar="ID",
        nargs="?",
        const="",
        help="go on with an import of this file that was ended; without an id with the last one",
    )
    bring.add_argument("--report", metavar="FILE", help="a file for every refused row: .csv, or .json")
    about = "print the columns of an import, and what each means"
    made = add_clinic(commands.add("import-template", _template, about))
    made.add_argument("instrument", nargs="?", default="srs-3", help="whose answers (default: srs-3)")


def _template(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    with one_clinic(asked, environ) as clinic:
        known = chosen_instruments(clinic.settings).known
    if asked.instrument not in known:
        raise SettingsRefused(["import-template: there is no such instrument"])
    write(template(known[asked.instrument]))
    return 0


def _import(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    mapped = _map(asked)

    def act(deployment: Deployment) -> int:
        access = command_access(deployment.clinic, "import", "C")
        with _open(asked.file) as file:
            done = _bring(asked, deployment, file, mapped, access)
        _tell(done, read_refusals(deployment, done.id, access), asked.report, write)
        return 1 if done.refused else 0

    return act_for_clinic(asked, environ, act)


def _bring(
    asked: argparse.Namespace, deployment: Deployment, file: BinaryIO, mapped: ImportMap, access: Access
) -> Import:
    kind: FileKind = "ndjson" if Path(asked.file).suffix in _NDJSON else "csv"
    if kind == "ndjson" and asked.map:
        raise SettingsRefused(["--map: is for CSV"])
    source = read_file(iter(lambda: file.read(_PIECE_BYTES), b""), kind, deployment, mapped)
    resume = _resumed(deployment, access) if asked.resume == "" else asked.resume
    return import_history(deployment, source, Choices(asked.dry_run, asked.queue_deliveries, resume), access)


def _map(asked: argparse.Namespace) -> ImportMap:
    if asked.map is None:
        return OWN_TEMPLATE
    try:
        return read_import_map(Path(asked.map).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsRefused([f"--map: {UNREADABLE}"]) from error


def _open(name: str) -> AbstractContextManager[BinaryIO]:
    """Return the file to be read, to be closed by whoever reads it. Raises ``SettingsRefused``."""
    if name == _STDIN:
        return nullcontext(sys.stdin.buffer)
    try:
        return open(name, "rb")  # noqa: PTH123 - the caller's `with` closes it
    except OSError as error:
        raise SettingsRefused(["import: the file cannot be read"]) from error


def _resumed(deployment: Deployment, access: Access) -> str:
    """Return the id of the last import that is not done. Raises ``SettingsRefused``."""
    found = next((one.id for one in list_imports(deployment, access) if one.state != DONE), None)
    if found is None:
        raise SettingsRefused(["--resume: no import was left undone"])
    return found


def _tell(done: Import, refusals: Iterator[Refusal], report: str | None, write: Write) -> None:
    would = "would be " if done.dry_run else ""
    write(f"import {done.id}: {done.line} lines\n")
    write(f"{done.recorded} {would}recorded, {done.unchanged} unchanged, {done.refused} {would}refused\n")
    if done.deliveries:
        write(f"{done.deliveries} deliveries queued for the EHR\n")
    if report is not None:
        _write_report(Path(report), refusals)
        return
    for number, one in enumerate(refusals):
        if number == _SHOWN:
            write("… more: --report FILE\n")
            return
        write(as_csv(one))


def _write_report(file: Path, refusals: Iterator[Refusal]) -> None:
    try:
        with file.open("w", encoding="utf-8") as opened:
            if file.suffix == ".json":
                json.dump([asdict(one) for one in refusals], opened, indent=1)
                return
            opened.write(",".join(REPORT_COLUMNS) + "\n")
            opened.writelines(as_csv(one) for one in refusals)
    except OSError as error:
        raise SettingsRefused(["--report: cannot be written"]) from error
