"""``erase-patient``, ``erase-expired``, ``export-patient``, ``backup`` and ``after-restore``."""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from service.clock import as_instant, system_clock
from service.commands.acting import act_for_clinic
from service.commands.command import Commands, Write, add_clinic
from service.commands.environment import (
    UNREADABLE,
    chosen_instruments,
    configuration_of,
)
from service.errors import SettingsRefused, StoreError
from service.flows.after_restore import after_restore
from service.flows.audit_command import audit_command_beside, command_access
from service.flows.check_request import LONGEST_TEXT
from service.flows.deployment import Access, Action, Deployment
from service.flows.erase_expired import erase_expired
from service.flows.erase_patient import Erasing, erase_patient
from service.flows.export_patient import export_patient
from service.flows.keep_wording import keep_wording
from service.store.backup import back_up
from service.store.database import Database

_SEARCH_DAYS = 90
_NOT_SCRUBBED = (
    "The rows are gone; their bytes may still stand in the database's files: see service/data-life.md\n"
)


def add_to(commands: Commands) -> None:
    """Add the commands of the life of data."""
    about = "erase all that is kept of a patient; prints a certificate"
    erase = add_clinic(commands.add("erase-patient", _erase, about))
    erase.add_argument("patient", help="the patient in the EHR, such as Patient/anna")
    erase.add_argument("--by", required=True, help="who erases; kept with the certificate")
    erase.add_argument("--reason", required=True, help="why; kept with the certificate: name nobody in it")
    erase.add_argument("--dry-run", action="store_true", help="only say what would go")
    erase.add_argument(
        "--unsettled-too",
        action="store_true",
        help="also where it is not known whether a delivery is in the EHR",
    )
    about = "erase whom ALLIANCE_RETENTION_YEARS keeps no longer"
    expired = add_clinic(commands.add("erase-expired", _expire, about))
    expired.add_argument("--dry-run", action="store_true", help="only say how many would go")
    about = "write all that is kept of a patient as a FHIR Bundle"
    export = add_clinic(commands.add("export-patient", _export, about))
    export.add_argument("patient", help="the patient in the EHR, such as Patient/anna")
    export.add_argument("--to", metavar="FILE", help="a new file that only its owner may read")
    backup = commands.add("backup", _backup, "copy a SQLite database while it is in use")
    backup.add_argument("file", help="a new file")
    about = "tell the service, once, that a backup was put back"
    restored = add_clinic(commands.add("after-restore", _restored, about))
    restored.add_argument(
        "--erased",
        metavar="CERTIFICATE",
        nargs="*",
        default=(),
        help="certificates of erasures since the backup: those patients are erased again",
    )
    restored.add_argument(
        "--search-days",
        type=int,
        default=_SEARCH_DAYS,
        help=f"how long everything is searched for before it is sent (default: {_SEARCH_DAYS})",
    )


def _erase(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    _require_words(asked)

    def act(deployment: Deployment) -> None:
        erasing = Erasing(asked.by.strip(), asked.reason.strip(), asked.unsettled_too, asked.dry_run)
        certificate = erase_patient(
            deployment, _reference(asked.patient), erasing, _access(deployment, "erase-patient", "D")
        )
        write(json.dumps(certificate, indent=2) + "\n")
        if not asked.dry_run:
            _scrub(deployment)

    return act_for_clinic(asked, environ, act)


def _expire(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    def act(deployment: Deployment) -> None:
        if deployment.settings.retention_years is None:
            raise SettingsRefused(["ALLIANCE_RETENTION_YEARS: is not set, so everything is kept"])
        done = erase_expired(deployment, _access(deployment, "erase-expired", "D"), dry_run=asked.dry_run)
        write(f"{done.erased} patients {'would be ' if asked.dry_run else ''}erased\n")
        for one in done.held:
            open_work = ", ".join(f"{count} {name}" for name, count in one.open_work.items())
            write(f"not erased, decide about it first: patient key {one.key}: {open_work}\n")
        if done.forms:
            write(
                f"{done.forms} forms that never became a response {'would go' if asked.dry_run else 'went'}\n"
            )
        if done.open_forms:
            write(f"not erased, decide about them first: {done.open_forms} forms of that age (/v1/inbound)\n")
        if (done.erased or done.forms) and not asked.dry_run:
            _scrub(deployment)

    return act_for_clinic(asked, environ, act)


def _export(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    def act(deployment: Deployment) -> None:
        with deployment.database.rehearse() as tx:  # every wording that a response may name
            known = keep_wording(tx, deployment.clinic, chosen_instruments(deployment.settings), {}).known
        worded = replace(deployment, known=known)
        bundle = export_patient(worded, _reference(asked.patient), _access(deployment, "export-patient", "R"))
        if asked.to is None:
            write(bundle.decode() + "\n")
        else:
            _write_private(Path(asked.to), bundle)
            write(f"written to {asked.to}: whoever holds it holds the patient's record\n")

    return act_for_clinic(asked, environ, act)


def _backup(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    configuration = configuration_of(environ)
    database = Database(configuration.service.database_url)
    try:
        size = back_up(database, Path(asked.file))
        _audit_backup(database, configuration.clinics)
    finally:
        database.close()
    write(f"{asked.file}: {size} bytes, whole and sound; guard it like the database\n")
    return 0


def _audit_backup(database: Database, clinics: Iterable[str]) -> None:
    """Keep in each clinic's audit that all was copied; a database of before an upgrade is left as it is."""
    if not database.is_current():
        sys.stderr.write("Not in the audit: the database is of another release, as before an upgrade.\n")
        return
    for clinic in clinics:
        access = command_access(clinic, "backup", "R")
        audit_command_beside(database, access, as_instant(system_clock()))


def _restored(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    keys = [key for one in asked.erased for key in _keys_in(Path(one))]

    def act(deployment: Deployment) -> None:
        done = after_restore(
            deployment, keys, _access(deployment, "after-restore", "U"), search_days=asked.search_days
        )
        write(
            f"{done.unfinished} deliveries are unfinished, {done.erased_again} patients were erased again.\n"
            f"Until {done.searches_until} everything is searched for in the EHR before it is sent.\n"
        )
        if done.erased_again:
            _scrub(deployment)

    return act_for_clinic(asked, environ, act)


def _scrub(deployment: Deployment) -> None:
    try:
        is_scrubbed = deployment.database.scrub()
    except StoreError:  # busy, or a full disk: what was erased is erased
        is_scrubbed = False
    if not is_scrubbed:
        sys.stderr.write(_NOT_SCRUBBED)


def _require_words(asked: argparse.Namespace) -> None:
    faults = [
        f"--{name}: must say something" for name in ("by", "reason") if not getattr(asked, name).strip()
    ]
    if len(asked.by.strip()) > LONGEST_TEXT:
        faults.append(f"--by: at most {LONGEST_TEXT} characters are kept")
    if faults:
        raise SettingsRefused(faults)


def _reference(patient: str) -> str:
    return patient if "/" in patient else f"Patient/{patient}"


def _write_private(file: Path, content: bytes) -> None:
    """Write a new file that only its owner may read. Raises ``SettingsRefused``."""
    try:
        with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as opened:
            opened.write(content)
    except OSError as error:
        raise SettingsRefused([f"--to: cannot be written: {os.strerror(error.errno or 0)}"]) from error


def _keys_in(file: Path) -> list[str]:
    """Return the own keys that a certificate names. Raises ``SettingsRefused``."""
    try:
        keys = json.loads(file.read_text(encoding="utf-8"))["keys"]
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsRefused([f"--erased: {file.name}: {UNREADABLE}"]) from error
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsRefused([f"--erased: {file.name}: is no certificate"]) from error
    return [str(key) for key in keys]


def _access(deployment: Deployment, act: str, action: Action) -> Access:
    return command_access(deployment.clinic, act, action)
