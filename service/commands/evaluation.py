"""``evaluate-rules``: what each named rule gets right and wrong on a folder of simulated clients."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from fhir_mappings import json_text
from service.alliance.criteria import CRITERIA
from service.alliance.dip_metrics import DIP_NAMES, estimate_dips
from service.alliance.errors import AllianceFileError
from service.alliance.metrics import NAMES, estimate_rule
from service.alliance.norms import Norm, load_norms, read_norm
from service.alliance.parameters import default_parameters
from service.alliance.resampling import Estimate
from service.alliance.simulated import SimulatedClient, read_clients
from service.alliance.trials import TRIALS, run_trial
from service.commands.command import Commands, Write
from service.errors import SettingsRefused

_NOTE = "Simulated clients: no figure says how well a rule works on patients."
_SHOWN = {
    "sens_visible": "sens visible",
    "sens_all": "sens all",
    "false_per_100": "false/100",
    "alerts_per_100": "alerts/100",
    "ppv": "PPV",
    "delay": "delay",
    "auc": "AUC",
    "sens_at_3": "sens@3",
    "sens_at_5": "sens@5",
    "early": "early",
    "repair_right": "repair right",
    "flagged": "flagged",
    "with_return": "with return",
}
_NOTHING = "\N{EN DASH}"
_PER_100 = ("false_per_100", "alerts_per_100")
_THREE_PLACES = ("auc",)


def add_to(commands: Commands) -> None:
    """Add ``evaluate-rules``."""
    about = "run rules over a folder of simulated clients and count what they get right and wrong"
    evaluating = commands.add("evaluate-rules", _evaluate_rules, about)
    evaluating.add_argument(
        "folder", type=Path, metavar="DIR", help="with sessions.csv, episodes.csv and norms.json"
    )
    evaluating.add_argument(
        "--rule", action="append", choices=tuple(TRIALS), metavar="NAME", help=f"one of {', '.join(TRIALS)}"
    )
    evaluating.add_argument(
        "--assumed", action="store_true", help="judge by the norm that ships, not by the folder's"
    )
    evaluating.add_argument("--json", action="store_true", help="write JSON instead of a table")


def _evaluate_rules(asked: argparse.Namespace, _: Mapping[str, str], write: Write) -> int:
    try:
        clients, norm = read_folder(asked.folder, assumed=asked.assumed)
    except AllianceFileError as error:
        raise SettingsRefused([f"DIR: {error}"]) from error
    told = {name: _figures(name, clients, norm) for name in asked.rule or TRIALS}
    if asked.json:
        rules = {name: {key: asdict(one) for key, one in figures.items()} for name, figures in told.items()}
        written = {"note": _NOTE, "norm": norm.reference, "clients": len(clients), "rules": rules}
        write(json_text.dumps_indented(written).decode())
        return 0
    write(f"{_NOTE}\n{len(clients)} clients, norm {norm.reference}; brackets: 95 in 100 resamples\n")
    for names in (NAMES, DIP_NAMES):
        write(_table(names, {rule: found for rule, found in told.items() if tuple(found) == names}))
    return 0


def read_folder(folder: Path, *, assumed: bool = False) -> tuple[list[SimulatedClient], Norm]:
    """Return a folder's clients and the norm to judge them by: its own, or the one that ships.

    Raises ``AllianceFileError`` naming the file that is missing or cannot be used.
    """
    norms = json_text.loads(_read(folder / "norms.json"))
    own = read_norm(json_text.dumps(norms["norm"]).decode(), "norms.json")
    clients = read_clients(_read(folder / "sessions.csv"), _read(folder / "episodes.csv"))
    if not any(client.sessions for client in clients):
        raise AllianceFileError("sessions.csv", "total", "no session is rated")
    if not assumed:
        return clients, own
    shipped = load_norms().get(f"{own.instrument}-{own.scale}")
    if shipped is None:
        raise AllianceFileError("norms.json", "instrument", "no norm of it ships")
    return clients, shipped


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AllianceFileError(path.name, "the whole file", "cannot be read") from error


def _figures(name: str, clients: Sequence[SimulatedClient], norm: Norm) -> dict[str, Estimate]:
    marked = run_trial(name, clients, norm, default_parameters())
    return estimate_dips(clients, marked) if name in CRITERIA else estimate_rule(clients, marked)


def _table(names: Sequence[str], rules: Mapping[str, Mapping[str, Estimate]]) -> str:
    """Return a Markdown table, a row for each rule; nothing where there is none."""
    if not rules:
        return ""
    head = ["rule", *(_SHOWN[name] for name in names)]
    rows = [[rule, *(_cell(name, figures[name]) for name in names)] for rule, figures in rules.items()]
    lines = [head, ["---"] * len(head), *rows]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(name: str, estimate: Estimate) -> str:
    if estimate.value is None:
        return _NOTHING
    places = 1 if name in _PER_100 else 3 if name in _THREE_PLACES else 2
    value, low, high = (
        _NOTHING if figure is None else f"{figure:.{places}f}"
        for figure in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} [{low}, {high}]"
