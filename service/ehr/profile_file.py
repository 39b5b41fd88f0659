"""Profiles as files: the shipped ones by name, and any in the same shape."""

import tomllib
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import get_args

from fhir_mappings.document import US_CORE_SHAPE, DocStatus, NoteShape
from fhir_mappings.toml_table import Table
from service.ehr.ladder import LADDER, Rung
from service.ehr.profile import (
    DEFAULT_SETTLE_SECONDS,
    PLAIN_NOTES,
    AnswerRule,
    Body,
    Meaning,
    NoteRules,
    Preferred,
    Profile,
    Remark,
    Source,
    Trust,
    TypeRules,
)
from service.ehr.scopes import Interaction
from service.ehr_settings import LEAST_PER_MINUTE
from service.errors import ProfileRefused

DEFAULT = "generic"
_FILE_KEYS = (
    *("title", "source", "software", "rungs", "conditional_create", "conditions"),
    *("settle_seconds", "requests_per_minute", "page_size", "prefer", "ticket_header", "other_types"),
    *("types", "note", "answers", "notes", "tested"),
)


def profile_names() -> tuple[str, ...]:
    """Return the names of the shipped profiles, the default first, then by alphabet."""
    found = sorted(
        one.name.removesuffix(".toml") for one in _folder().iterdir() if one.name.endswith(".toml")
    )
    return (DEFAULT, *(name for name in found if name != DEFAULT))


@cache
def load_profile(name: str) -> Profile:
    """Return a shipped profile. Raises ``ProfileRefused`` for a name that none has."""
    if name not in profile_names():
        raise ProfileRefused([f"there is no profile {name[:40]!r}; known: {', '.join(profile_names())}"])
    return read_profile((_folder() / f"{name}.toml").read_text(encoding="utf-8"), name)


def read_profile(text: str, name: str) -> Profile:
    """Return the profile that a TOML text describes; ``name`` is its file's, without ``.toml``.

    Raises ``ProfileRefused`` with every fault of it at once.
    """
    file = f"{name}.toml"
    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ProfileRefused([f"{file}: is no TOML file: {error}"]) from error
    table = Table(file, "", content)
    profile = _profile(table, name)
    if table.faults:
        raise ProfileRefused([str(fault) for fault in table.faults])
    return profile


def _profile(table: Table, name: str) -> Profile:
    table.allow_only(*_FILE_KEYS)
    return Profile(
        name=name,
        title=table.text("title"),
        source=table.text("source"),
        software=_texts(table, "software"),
        rungs=_rungs(table),
        conditional_create=table.word("conditional_create", get_args(Trust), "trusted"),
        conditions=_texts(table, "conditions"),
        settle_seconds=float(_whole(table, "settle_seconds", int(DEFAULT_SETTLE_SECONDS), 3600)),
        requests_per_minute=_per_minute(table),
        page_size=_whole(table, "page_size", 0, 10_000),
        prefer=table.word("prefer", get_args(Preferred), "minimal"),
        ticket_header=table.text("ticket_header", "").lower(),
        types={kind: _type_rules(one) for kind, one in table.named_tables("types").items()},
        other_types=table.flag("other_types", default=False),
        note=_note_rules(table.table("note")),
        answers=tuple(_answer_rule(one) for one in table.tables("answers", required=False)),
        notes=tuple(_remark(one) for one in table.tables("notes", required=False)),
        tested=_texts(table, "tested"),
    )


def _rungs(table: Table) -> tuple[Rung, ...]:
    known = {str(rung): rung for rung in LADDER}
    named = table.texts("rungs")
    for name in named:
        if name not in known:
            table.fault("rungs", f"holds a rung that is none; known: {', '.join(known)}")
    return tuple(known[name] for name in named if name in known)


def _type_rules(table: Table) -> TypeRules:
    table.allow_only("interactions", "find", "statuses")
    known: dict[str, Interaction] = {str(one): one for one in get_args(Interaction)}
    named = table.texts("interactions")
    if not set(named) <= set(known):
        table.fault("interactions", f"may hold {', '.join(known)}")
    return TypeRules(
        frozenset(known[name] for name in named if name in known),
        _texts(table, "find"),
        _texts(table, "statuses"),
    )


def _note_rules(table: Table | None) -> NoteRules:
    if table is None:
        return PLAIN_NOTES
    table.allow_only("encounter_required", "content_type", "doc_status", "author", "relates_to")
    plain = US_CORE_SHAPE
    return NoteRules(
        table.flag("encounter_required", default=False),
        NoteShape(
            content_type=table.text("content_type", plain.content_type),
            doc_status=table.word("doc_status", get_args(DocStatus), plain.doc_status),
            author=table.flag("author", default=plain.author),
            relates_to=table.flag("relates_to", default=plain.relates_to),
        ),
    )


def _answer_rule(table: Table) -> AnswerRule:
    table.allow_only("status", "codes", "issue", "says", "body", "meaning", "words", "source")
    rule = AnswerRule(
        meaning=table.word("meaning", get_args(Meaning)),
        words=table.text("words"),
        source=table.word("source", get_args(Source)),
        status=_whole(table, "status", 0, 599) or None,
        codes=_texts(table, "codes"),
        issue=table.text("issue", ""),
        says=table.text("says", ""),
        body=table.word("body", get_args(Body), "any"),
    )
    if rule.status is None and not (rule.codes or rule.issue or rule.says):
        table.fault("codes", "an answer needs a status, codes, an issue or a text to be known by")
    return rule


def _remark(table: Table) -> Remark:
    table.allow_only("text", "source")
    return Remark(table.text("text"), table.word("source", get_args(Source)))


def _texts(table: Table, key: str) -> tuple[str, ...]:
    return table.texts(key) if key in table.content else ()


def _whole(table: Table, key: str, default: int, most: int) -> int:
    value = table.content.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        table.fault(key, f"must be a whole number from 0 to {most}")
        return default
    return value


def _per_minute(table: Table) -> int:
    value = _whole(table, "requests_per_minute", 0, 1_000_000)
    if 0 < value < LEAST_PER_MINUTE:
        table.fault("requests_per_minute", f"must be 0 (none known) or at least {LEAST_PER_MINUTE}")
    return value


def _folder() -> Traversable:
    return files("service.ehr") / "profiles"
