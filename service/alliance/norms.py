"""What is usual for an instrument: the norms that a young baseline is pulled towards.

One file in ``norms/`` per instrument and scale, named ``<instrument>-<scale>.json``. A norm is *assumed*
until a clinic has fitted its own; results that rest on an assumed norm say so.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, Literal

from fhir_mappings.json_text import dumps_indented, loads
from service.alliance.errors import AllianceFileError

METHOD = "eb-own-baseline/1"
_TEXTS = ("norm_id", "version", "status", "instrument", "scale", "perspective", "method", "sem_basis")
_OPTIONAL_TEXTS = ("language", "clinic", "replaces")
_POSITIVE = ("sd", "sd_between", "sd_within", "sd_difference", "sem")
_NUMBERS = ("minimum", "maximum", "mean", "phi", "alpha", "first_rating_p10", *_POSITIVE)


@dataclass(frozen=True, slots=True)
class FittedFrom:
    """What a fitted norm rests on; dates are ``YYYY-MM-DD`` or None where nobody kept them."""

    clients: int
    clients_with_4_or_more: int
    ratings: int
    first_date: str | None = None
    last_date: str | None = None


@dataclass(frozen=True, slots=True)
class Norm:
    """What is usual on one scale of one instrument, in the scale's own points.

    ``sd_between``: spread of clients' own means; ``sd_within``: spread of ratings around the own mean;
    ``sd_difference``: spread of the change from one rating to the next; ``phi``: share of a deviation that
    carries over to the next rating (0 to 1); ``sem``: standard error of measurement;
    ``spread_by_level``: (level, spread) in rising order of level, since clients near the maximum vary less;
    ``first_rating_p10``: a tenth of the first ratings lie below it; ``prior_df``: how many ratings the norm's
    spread counts for (None: the default parameter). ``language`` and ``clinic`` None: of every one.
    """

    norm_id: str
    version: str
    status: Literal["assumed", "fitted"]
    instrument: str
    scale: str
    perspective: str
    language: str | None
    clinic: str | None
    method: str
    minimum: float
    maximum: float
    items: int
    mean: float
    sd: float
    sd_between: float
    sd_within: float
    sd_difference: float
    phi: float
    alpha: float
    sem: float
    sem_basis: str
    spread_by_level: tuple[tuple[float, float], ...]
    first_rating_p10: float
    prior_df: float | None
    fitted_from: FittedFrom | None
    replaces: str | None

    @property
    def reference(self) -> str:
        """Return the norm with its version, e.g. ``srs-3-total|assumed-1``."""
        return f"{self.norm_id}|{self.version}"

    def spread_at(self, level: float) -> float:
        """Return the usual within-person spread at a level: linear between the points, flat outside."""
        before_level, before_spread = self.spread_by_level[0]
        if level <= before_level:
            return before_spread
        for next_level, next_spread in self.spread_by_level:
            if level <= next_level:
                share = (level - before_level) / (next_level - before_level)
                return before_spread + share * (next_spread - before_spread)
            before_level, before_spread = next_level, next_spread
        return before_spread


@cache
def load_norms() -> Mapping[str, Norm]:
    """Return the norms that ship with the service, by ``<instrument>-<scale>``."""
    return read_norms(files("service.alliance") / "norms")


def read_norms(folder: Traversable) -> Mapping[str, Norm]:
    """Return the norms of a folder's JSON files, by ``<instrument>-<scale>``; other files are left alone.

    Raises ``AllianceFileError`` naming file and key where a file is not well formed, or its name is not
    that of the instrument and scale it holds.
    """
    norms: dict[str, Norm] = {}
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".json"):
            norm = read_norm(entry.read_text("utf-8"), entry.name)
            if entry.name != f"{norm.instrument}-{norm.scale}.json":
                raise AllianceFileError(entry.name, "instrument, scale", "do not fit the file's name")
            norms[f"{norm.instrument}-{norm.scale}"] = norm
    return MappingProxyType(norms)


def norm_for(instrument_id: str, scale: str) -> Norm | None:
    """Return the shipped norm of an instrument's scale (``srs-3``, ``total``), or None: no tiers then."""
    return load_norms().get(f"{instrument_id}-{scale}")


def read_norm(text: str, file: str) -> Norm:
    """Return the norm in a JSON text; ``file`` is the name that an error gives.

    Raises ``AllianceFileError`` naming the key that is missing, unknown, of the wrong kind, or out of range.
    """
    try:
        found = loads(text)
    except ValueError as error:
        raise AllianceFileError(file, "the whole file", str(error)) from error
    if not isinstance(found, dict):
        raise AllianceFileError(file, "the whole file", "must be a JSON object")
    known = {field.name for field in fields(Norm)}
    for key in sorted(found.keys() - known):
        raise AllianceFileError(file, key, "is not known")
    return _Reader(file, found).norm()


def write_norm(norm: Norm) -> str:
    """Return a norm as the JSON text of its file; ``read_norm`` reads it again."""
    return dumps_indented(asdict(norm)).decode()


class _Reader:
    """Takes the keys of one norm file one by one, naming file and key in every refusal."""

    def __init__(self, file: str, found: dict[str, Any]) -> None:
        self._file = file
        self._found = found

    def norm(self) -> Norm:
        plain: dict[str, Any] = {key: self._text(key) for key in _TEXTS}
        plain |= {key: self._optional_text(key) for key in _OPTIONAL_TEXTS}
        plain |= {key: self._number(key) for key in _NUMBERS}
        norm = Norm(
            **plain,
            items=self._whole(self._found, "items"),
            prior_df=None if self._found.get("prior_df") is None else self._number("prior_df"),
            spread_by_level=self._curve(),
            fitted_from=self._fitted_from(),
        )
        self._check(norm)
        return norm

    def _check(self, norm: Norm) -> None:
        self._require(norm.status in ("assumed", "fitted"), "status", "must be assumed or fitted")
        self._require(norm.method == METHOD, "method", f"must be {METHOD}")
        self._require(norm.minimum < norm.maximum, "maximum", "must lie above minimum")
        for key in ("mean", "first_rating_p10"):
            inside = norm.minimum <= getattr(norm, key) <= norm.maximum
            self._require(inside, key, "must lie between minimum and maximum")
        for key in _POSITIVE:
            self._require(getattr(norm, key) > 0, key, "must be above 0")
        self._require(0 <= norm.phi < 1, "phi", "must be from 0 to below 1")
        self._require(norm.prior_df is None or norm.prior_df > 0, "prior_df", "must be above 0")
        fitted = (norm.fitted_from is not None) == (norm.status == "fitted")
        self._require(fitted, "fitted_from", "belongs to a fitted norm, and only there")

    def _require(self, holds: bool, key: str, reason: str) -> None:  # noqa: FBT001 - the condition itself
        if not holds:
            raise AllianceFileError(self._file, key, reason)

    def _value(self, key: str) -> Any:  # noqa: ANN401 - JSON may hold anything
        self._require(key in self._found, key, "is missing")
        return self._found[key]

    def _text(self, key: str) -> Any:  # noqa: ANN401 - a text; status is narrowed by _check
        value = self._value(key)
        self._require(isinstance(value, str) and value != "", key, "must be a text")
        return value

    def _optional_text(self, key: str) -> str | None:
        return None if self._found.get(key) is None else str(self._text(key))

    def _number(self, key: str) -> float:
        return self._as_number(self._value(key), key)

    def _as_number(self, value: object, key: str) -> float:
        plain = not isinstance(value, bool | str) and hasattr(value, "__float__")
        number = float(value) if plain else math.nan  # type: ignore[arg-type] # __float__ was just seen
        self._require(math.isfinite(number), key, "must be a number")
        return number

    def _whole(self, table: dict[str, Any], key: str) -> int:
        value = table.get(key)
        self._require(isinstance(value, int) and not isinstance(value, bool), key, "must be a whole number")
        return int(table[key])

    def _curve(self) -> tuple[tuple[float, float], ...]:
        key, pair = "spread_by_level", 2
        rows = self._value(key)
        self._require(isinstance(rows, list) and rows != [], key, "must be a list of [level, spread]")
        for row in rows:
            self._require(
                isinstance(row, list) and len(row) == pair, key, "must be a list of [level, spread]"
            )
        curve = tuple((self._as_number(row[0], key), self._as_number(row[1], key)) for row in rows)
        levels = [level for level, _ in curve]
        self._require(sorted(set(levels)) == levels, key, "levels must rise")
        self._require(all(spread > 0 for _, spread in curve), key, "spreads must be above 0")
        return curve

    def _fitted_from(self) -> FittedFrom | None:
        found = self._found.get("fitted_from")
        if found is None:
            return None
        self._require(isinstance(found, dict), "fitted_from", "must be a JSON object")
        return FittedFrom(
            clients=self._whole(found, "clients"),
            clients_with_4_or_more=self._whole(found, "clients_with_4_or_more"),
            ratings=self._whole(found, "ratings"),
            first_date=found.get("first_date"),
            last_date=found.get("last_date"),
        )
