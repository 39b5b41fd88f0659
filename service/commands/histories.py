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
from service.commands.command import Commands, Write
from service.commands.environment import (
    CLINIC,
    UNREADABLE,
    chosen_instruments,
    deployment_of,
    settings_of,
)
from service.errors import RequestRefused, SettingsRefused
from service.flows.deployment import Access, Deployment
from service.flows.import_history import Choices, import_history
from service.flows.show_import import list_imports, read_refusals
from service.store.imports import DONE, Import, Refusal

_STDIN = "-"
_NDJSON = frozenset({".ndjson", ".jsonl"})
_PIECE_BYTES = 65_536
_SHOWN = 20
_ACCESS = Access(CLINIC, "command line", "import", "C", "command-line")


def add_to(commands: Commands) -> None:
    """Add both commands."""
    bring = commands.add(
        "import", _import, "import a history: CSV with our columns or mapped ones, or NDJSON"
    )
    bring.add_argument("file", help="a .csv, .ndjson or .jsonl file; - is CSV from standard input")
    bring.add_argument("--map", metavar="FILE", help="a TOML file that maps others' columns to ours")
    bring.add_argument("--dry-run", action="store_true", help="only say what would become of each row")
    bring.add_argument("--queue-deliveries", action="store_true", help="the EHR is to get the responses too")
    bring.add_argument(
        "--resume",
        metavar="ID",
        nargs="?",
        const="",
        help="go on with an import of this file that was ended; without an id with the last one",
    )
    bring.add_argument("--report", metavar="FILE", help="a file for every refused row: .csv, or .json")
    made = commands.add("import-template", _template, "print the columns of an import, and what each means")
    made.add_argument("instrument", nargs="?", default="srs-3", help="whose answers (default: srs-3)")


def _template(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    known = chosen_instruments(settings_of(environ)).known
    if asked.instrument not in known:
        raise SettingsRefused(["import-template: there is no such instrument"])
    write(template(known[asked.instrument]))
    return 0


def _import(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    mapped = _map(asked)
    settings = settings_of(environ)
    deployment = deployment_of(settings, chosen_instruments(settings))
    try:
        deployment.database.migrate()
        with _open(asked.file) as file:
            done = _bring(asked, deployment, file, mapped)
        _tell(deployment, done, asked.report, write)
    except RequestRefused as refused:
        for fault in refused.faults:
            sys.stderr.write(f"{fault.at}: {fault.message}\n" if fault.at else f"{fault.message}\n")
        return 1
    finally:
        deployment.database.close()
    return 1 if done.refused else 0


def _bring(asked: argparse.Namespace, deployment: Deployment, file: BinaryIO, mapped: ImportMap) -> Import:
    kind: FileKind = "ndjson" if Path(asked.file).suffix in _NDJSON else "csv"
    if kind == "ndjson" and asked.map:
        raise SettingsRefused(["--map: is for CSV"])
    source = read_file(iter(lambda: file.read(_PIECE_BYTES), b""), kind, deployment, mapped)
    resume = _resumed(deployment) if asked.resume == "" else asked.resume
    return import_history(deployment, source, Choices(asked.dry_run, asked.queue_deliveries, resume), _ACCESS)


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


def _resumed(deployment: Deployment) -> str:
    """Return the id of the last import that is not done. Raises ``SettingsRefused``."""
    found = next((one.id for one in list_imports(deployment, _ACCESS) if one.state != DONE), None)
    if found is None:
        raise SettingsRefused(["--resume: no import was left undone"])
    return found


def _tell(deployment: Deployment, done: Import, report: str | None, write: Write) -> None:
    would = "would be " if done.dry_run else ""
    write(f"import {done.id}: {done.line} lines\n")
    write(f"{done.recorded} {would}recorded, {done.unchanged} unchanged, {done.refused} {would}refused\n")
    refusals = read_refusals(deployment, done.id, _ACCESS)
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
