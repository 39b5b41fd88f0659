"""``fit-norms`` and ``approve-norms``: a clinic's own norms, fitted from its ratings and put into force."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from fhir_mappings.instrument import Instrument
from fhir_mappings.wording_file import LANGUAGE
from service.alliance.fitting import TooLittleToFit
from service.alliance.norms import Norm, write_norm
from service.commands.command import Commands, Write, add_clinic
from service.commands.environment import deployment_of, one_clinic
from service.errors import NotFound, SettingsRefused, WrongState
from service.flows.approve_norm import Change, Rate, approve_norm, preview_norm
from service.flows.audit_command import audit_command, command_access
from service.flows.check_request import LONGEST_TEXT
from service.flows.deployment import Deployment
from service.flows.fit_norms import can_be_fitted, fit_clinic_norm, instruments_to_fit


def add_to(commands: Commands) -> None:
    """Add ``fit-norms`` and ``approve-norms``."""
    about = "fit this clinic's own norms from its ratings"
    fitting = add_clinic(commands.add("fit-norms", _fit_norms, about))
    fitting.add_argument("--instrument", metavar="ID", help="only this one, such as srs-3; default: all")
    fitting.add_argument("--language", help="of responses in this language alone, such as nl")
    fitting.add_argument("--out", type=Path, metavar="DIR", help="write each norm's file there too")
    approving = add_clinic(commands.add("approve-norms", _approve_norms, "put a fitted norm into force"))
    approving.add_argument("norm", metavar="NORM", help="as fit-norms named it: 'srs-3-total|fitted-1'")
    approving.add_argument("--by", metavar="NAME", help="who approves it")
    approving.add_argument("--note", default="", help="why, for those who read the record")
    approving.add_argument(
        "--preview", action="store_true", help="only show how the alert rate would have changed"
    )


def _fit_norms(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    with one_clinic(asked, environ) as clinic:
        return _fit(asked, deployment_of(clinic), write)


def _fit(asked: argparse.Namespace, deployment: Deployment, write: Write) -> int:
    try:
        _check(asked, deployment)
        deployment.database.migrate()
        # First: who tried and failed has read all ratings all the same.
        audit_command(deployment, command_access(deployment.clinic, "fit-norms"))
        with deployment.database.write() as tx:
            named = [deployment.known[asked.instrument]] if asked.instrument else None
            wanted = instruments_to_fit(tx, deployment, deployment.clinic) if named is None else named
            fitted = []
            for instrument in wanted:
                try:
                    fitted.append(
                        fit_clinic_norm(tx, deployment, deployment.clinic, instrument, asked.language)
                    )
                except TooLittleToFit as little:
                    write(f"{instrument.id}: not fitted: {little}\n")
        for norm in fitted:
            _tell(norm, asked.out, write)
    finally:
        deployment.database.close()
    if not wanted:
        write("nothing to fit: no measure of the alliance was rated yet\n")
    return 0 if fitted else 1


def _check(asked: argparse.Namespace, deployment: Deployment) -> None:
    faults = []
    if asked.instrument is not None and not _is_fittable(deployment.known.get(asked.instrument)):
        faults.append("--instrument: there is no such measure of the alliance with a total")
    if asked.language is not None and not LANGUAGE.fullmatch(asked.language):
        faults.append("--language: must be a language tag, such as nl or pt-BR")
    if asked.out is not None and not asked.out.is_dir():
        faults.append("--out: there is no such folder")
    if faults:
        raise SettingsRefused(faults)


def _is_fittable(instrument: Instrument | None) -> bool:
    return instrument is not None and can_be_fitted(instrument)


def _tell(norm: Norm, folder: Path | None, write: Write) -> None:
    made = norm.fitted_from
    of = "" if made is None else f" from {made.clients} clients, {made.ratings} ratings"
    write(f"{norm.reference}: fitted{of}; mean {norm.mean}, SEM {norm.sem} ({norm.sem_basis})\n")
    write(f"  it judges nothing yet: python -m service approve-norms '{norm.reference}' --by NAME\n")
    if folder is not None:
        (folder / f"{norm.norm_id}.{norm.version}.json").write_text(write_norm(norm), encoding="utf-8")


def _approve_norms(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    by = (asked.by or "").strip()
    if not asked.preview and not by:
        raise SettingsRefused(["--by: say who approves it, or ask for --preview"])
    if len(by) > LONGEST_TEXT:
        raise SettingsRefused([f"--by: at most {LONGEST_TEXT} characters are kept"])
    with one_clinic(asked, environ) as clinic:
        return _approve(asked, deployment_of(clinic), write)


def _approve(asked: argparse.Namespace, deployment: Deployment, write: Write) -> int:
    try:
        deployment.database.migrate()
        norm, change = preview_norm(deployment, deployment.clinic, asked.norm)
        write(_shown(change, deployment.parameters.budget_per_100))
        if asked.preview:
            audit_command(deployment, command_access(deployment.clinic, "approve-norms --preview"))
            return 0
        approve_norm(deployment, deployment.clinic, asked.norm, change, by=asked.by.strip(), note=asked.note)
    except (NotFound, WrongState) as refused:
        raise SettingsRefused([f"NORM: {refused.message}"]) from refused
    finally:
        deployment.database.close()
    write(
        f"{norm.reference} is in force, approved by {asked.by.strip()}. What is received from now on is"
        " judged by it; older ratings and their alerts keep theirs.\n"
    )
    return 0


def _shown(change: Change, budget: float) -> str:
    told = f"On this clinic's own history ({change.clients} clients, {change.series} series):\n"
    return (
        told
        + "".join(_line(rate) for rate in (change.before, change.after))
        + f"  budget: {budget:g} notices\n"
    )


def _line(rate: Rate) -> str:
    if rate.norms is None:
        return "  so far: no norm in force, nothing judged\n"
    if rate.signals_per_100 is None or rate.notices_per_100 is None:
        return f"  {rate.norms}: nothing rated yet\n"
    return (
        f"  {rate.norms}: {rate.signals_per_100:.1f} signals and {rate.notices_per_100:.1f} notices per 100"
        f" rated sessions (n = {rate.ratings})\n"
    )
