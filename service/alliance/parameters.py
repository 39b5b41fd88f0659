"""The numbers of the rules, read from ``thresholds.toml`` with their operators and sources."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from service.alliance.errors import AllianceFileError
from service.alliance.rule_parameters import RuleParameters

FILE = "thresholds.toml"
_KEYS = {"value", "operator", "status", "source"}
_OPERATORS = ("", "<", "<=", ">", ">=")
_STATUSES = ("published", "assumed")


@dataclass(frozen=True, slots=True)
class Threshold:
    """One number with its operator and where it comes from; ``assumed`` means our own choice."""

    value: float
    operator: Literal["", "<", "<=", ">", ">="]
    status: Literal["published", "assumed"]
    source: str


@dataclass(frozen=True, slots=True)
class Parameters:
    """The numbers that the rules use; what each means stands beside it in ``thresholds.toml``.

    ``*_z`` are in predictive spreads, ``*_share`` and ``coverage_*`` from 0 to 1, ``recovery_window`` and
    ``cooldown`` in ratings, ``gap_unrated`` and ``first_sessions`` in attended sessions; ``lowest_by`` in an
    item's points, ``lowest_in`` and ``lowest_of`` in ratings, ``pair_min_earlier`` in ratings or pairs,
    ``therapist_dip_units`` in the therapist's own standard deviations, ``report_*`` and
    ``checklist_*`` in marks from 1 to 5.
    ``rules``: those of the rules beside the default.
    """

    watch_z: float
    alert_z: float
    marked_z: float
    min_fall_sem: float
    prior_df: float
    winsor_sd: float
    usual_width: float
    recovery_z: float
    recovery_share: float
    recovery_window: int
    cooldown: int
    budget_per_100: float
    level_min_ratings: int
    slope_min_ratings: int
    slope_z: float
    gap_unrated: int
    gap_days: int
    ceiling_share: float
    coverage_low: float
    coverage_very_low: float
    first_sessions: int
    change_z: float
    lowest_by: float
    lowest_in: int
    lowest_of: int
    pair_min_earlier: int
    pair_least_spread: float
    therapist_dip_units: float
    report_marked_intensity: int
    checklist_strain: int
    report_resolved: int
    rules: RuleParameters

    def echoed(self) -> dict[str, float]:
        """Return the numbers by name, as they are echoed with an answer; those of ``rules`` are not."""
        return {name: value for name, value in asdict(self).items() if name != "rules"}


def read_thresholds(text: str, file: str = FILE) -> dict[str, Threshold]:
    """Return the thresholds of a TOML text by name, in file order.

    Raises ``AllianceFileError`` naming file and key where one is missing, unknown, or not well formed.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AllianceFileError(file, "the whole file", f"is not TOML: {error}") from error
    known = _names(Parameters) | _names(RuleParameters)
    for name in sorted(known ^ tables.keys()):
        raise AllianceFileError(file, name, "is missing" if name in known else "is not known")
    return {name: _threshold(table, file, name) for name, table in tables.items()}


def to_parameters(thresholds: Mapping[str, Threshold], file: str = FILE) -> Parameters:
    """Return the bare numbers of a full set of thresholds.

    Raises ``AllianceFileError`` where a count is not a whole number.
    """
    rules = RuleParameters(**_numbers(RuleParameters, thresholds, file))
    return Parameters(**_numbers(Parameters, thresholds, file), rules=rules)


@cache
def default_parameters() -> Parameters:
    """Return the parameters that ship with the service."""
    return to_parameters(default_thresholds())


def default_thresholds() -> dict[str, Threshold]:
    """Return the thresholds that ship with the service, with operators and sources."""
    return read_thresholds((files("service.alliance") / FILE).read_text("utf-8"))


def _names(kind: type[Parameters | RuleParameters]) -> set[str]:
    return {field.name for field in fields(kind)} - {"rules"}


def _numbers(
    kind: type[Parameters | RuleParameters], thresholds: Mapping[str, Threshold], file: str
) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    for field in fields(kind):
        if field.name not in _names(kind):
            continue
        value = thresholds[field.name].value
        if field.type is int and value != int(value):
            raise AllianceFileError(file, field.name, "must be a whole number")
        numbers[field.name] = int(value) if field.type is int else float(value)
    return numbers


def _threshold(table: object, file: str, name: str) -> Threshold:
    if not isinstance(table, dict) or table.keys() != _KEYS:
        raise AllianceFileError(file, name, f"must hold exactly {', '.join(sorted(_KEYS))}")
    value = table["value"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise AllianceFileError(file, name, "value must be a number from 0")
    if table["operator"] not in _OPERATORS:
        raise AllianceFileError(file, name, f"operator must be one of {', '.join(_OPERATORS[1:])} or empty")
    if table["status"] not in _STATUSES:
        raise AllianceFileError(file, name, "status must be published or assumed")
    if not isinstance(table["source"], str) or not table["source"].strip():
        raise AllianceFileError(file, name, "source must say where the number comes from")
    return Threshold(float(value), table["operator"], table["status"], table["source"])
