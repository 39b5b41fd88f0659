"""From the text of one instrument file to an ``Instrument``, or to errors naming file, key and reason."""

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import PurePosixPath
from typing import get_args

from fhir_mappings.errors import InstrumentFileError
from fhir_mappings.instrument import AnyItem, CutOff, Instrument, Perspective, Push, Role, ScoreRule
from fhir_mappings.instrument_rules import check_form
from fhir_mappings.item_tables import read_items
from fhir_mappings.score_tables import read_cut_offs, read_scores
from fhir_mappings.toml_table import Table

# FHIR R4 Questionnaire invariant que-0.
_COMPUTER_NAME = re.compile(r"[A-Z][A-Za-z0-9_]{1,254}")
# semver.org 2.0.0 without pre-release and build: a revision in use is always a released one.
SEMVER = re.compile(r"(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})", re.ASCII)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

_TOP_KEYS = (
    *("id", "version", "date", "name", "title", "short_title", "family", "role", "perspective", "status"),
    *("status_reason", "enabled", "derived_from", "description", "timing", "looks_back", "push"),
    *("earlier_versions", "for_children"),
    *(
        "bare_total",
        "observed_items",
        "copyright",
        "citation",
        "scales",
        "options",
        "items",
        "scores",
        "cut_offs",
    ),
)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a file gave: an instrument and no faults, or no instrument and at least one fault."""

    instrument: Instrument | None
    faults: tuple[InstrumentFileError, ...]


def load_instrument(path_name: str, text: str) -> Instrument:
    """Return the instrument that the text of one TOML file describes.

    ``path_name`` is the file's name as an operator knows it; its last part must be ``<id>.toml``.
    Raises ``InstrumentFileError`` with the first fault of ``read_instrument``.
    """
    read = read_instrument(path_name, text)
    if read.instrument is None:
        raise read.faults[0]
    return read.instrument


def read_instrument(path_name: str, text: str) -> ReadFile:
    """Return the instrument of one TOML file, or every fault in it.

    Faults are: a key missing, unknown or of the wrong type; an id named twice or nowhere; a range, step,
    score range, condition or cut-off that does not follow from the items. What rests on something faulty is
    not judged.
    """
    try:
        top = Table(path_name, "", tomllib.loads(text, parse_float=Decimal))
    except tomllib.TOMLDecodeError as error:
        return ReadFile(None, (InstrumentFileError(path_name, "(syntax)", f"not TOML: {error}"),))
    top.allow_only(*_TOP_KEYS)
    items = read_items(top)
    scores = read_scores(top, items)
    instrument = _instrument(
        top,
        tuple(item for item in items.values() if item is not None),
        tuple(rule for rule in scores.values() if rule is not None),
        read_cut_offs(top, items, scores),
    )
    if not top.faults:
        check_form(top, instrument)
    return ReadFile(None, tuple(top.faults)) if top.faults else ReadFile(instrument, ())


def _instrument(
    top: Table, items: tuple[AnyItem, ...], scores: tuple[ScoreRule, ...], cut_offs: tuple[CutOff, ...]
) -> Instrument:
    return Instrument(
        id=_file_id(top),
        version=_shaped(top, "version", SEMVER, "must be three numbers such as 1.0.0"),
        name=_shaped(
            top, "name", _COMPUTER_NAME, "must start with a capital and hold letters, digits and _ only"
        ),
        title=top.text("title"),
        short_title=top.text("short_title"),
        family=top.id("family"),
        role=top.word("role", get_args(Role)),
        perspective=top.word("perspective", get_args(Perspective)),
        status=top.word("status", ("ready", "provisional", "local")),
        status_reason=_status_reason(top),
        enabled=top.flag("enabled", default=True),
        derived_from=top.id("derived_from") if "derived_from" in top.content else None,
        date=_date(top),
        description=top.text("description"),
        timing=top.text("timing"),
        looks_back=top.text("looks_back"),
        copyright=top.text("copyright"),
        citation=top.text("citation"),
        push=top.word("push", get_args(Push)),
        bare_total=top.flag("bare_total"),
        observed_items=top.flag("observed_items"),
        all_items=items,
        scores=scores,
        cut_offs=cut_offs,
        earlier_versions=_earlier_versions(top),
        for_children=top.flag("for_children", default=False),
    )


def _earlier_versions(top: Table) -> tuple[str, ...]:
    if "earlier_versions" not in top.content:
        return ()
    found = top.texts("earlier_versions")
    if not all(SEMVER.fullmatch(one) for one in found):
        top.fault("earlier_versions", "must be versions such as 1.0.0")
    return found


def _file_id(top: Table) -> str:
    instrument_id = top.id("id")
    if instrument_id.strip() and PurePosixPath(top.file).name != f"{instrument_id}.toml":
        top.fault("id", "must be the file's name without .toml")
    return instrument_id


def _shaped(top: Table, key: str, shape: re.Pattern[str], reason: str) -> str:
    value = top.text(key)
    if value.strip() and not shape.fullmatch(value):
        top.fault(key, reason)
    return value


def _date(top: Table) -> str:
    text = top.text("date")
    try:
        real = bool(_ISO_DATE.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        real = False
    if text.strip() and not real:
        top.fault("date", "must be a date such as 2026-11-25, in quotation marks")
    return text


def _status_reason(top: Table) -> str:
    reason = top.text("status_reason", "")
    status = top.content.get("status")
    if (status == "provisional") != bool(reason) and status != "local":
        top.fault("status_reason", "is needed where the status is provisional, and has no place beside ready")
    return reason
