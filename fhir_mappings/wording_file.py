"""One file of a clinic's own wording, read against its instrument: words in one language, or every fault.

A file gives a text to each item, each end of a line and each choice of the instrument, and to nothing else.
"""

import re
from collections.abc import Mapping

from fhir_mappings.elements import Json
from fhir_mappings.instrument import Instrument
from fhir_mappings.instrument_file import SEMVER
from fhir_mappings.toml_table import Table
from fhir_mappings.translations import answers_of, choice_words, descriptors
from fhir_mappings.words import Words, best_words

# Language, script and region of BCP 47 in their usual case, so that one language has one file name.
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?", re.ASCII)
LONGEST = {"title": 255, "copyright": 4000, "items": 1000, "anchors": 255, "choices": 255}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TOP_KEYS = ("version", "primary", "title", "copyright", "items", "anchors", "choices")
_ENDS = ("lower", "upper")


def expected_keys(instrument: Instrument) -> Json:
    """Return what a wording must tell, with our own English descriptors in its place.

    ``items`` by link id, ``anchors`` by link id and end, ``choices`` by list and code.
    """
    (english, *_) = descriptors(instrument)
    lists = [found for item in instrument.all_items if (found := answers_of(item)) is not None]
    return {
        "items": dict(english.items),
        "anchors": {line: dict(zip(_ENDS, ends, strict=True)) for line, ends in english.anchors.items()},
        "choices": {one.id: choice_words(one) for one in lists},
    }


def find_wording_faults(top: Table, instrument: Instrument) -> None:
    """Note every fault of one file in ``top.faults``.

    Faults are: a key missing, surplus or of the wrong type; a text that is blank, too long, or has a control
    character or a blank at an end.
    """
    top.allow_only(*_TOP_KEYS)
    version = top.text("version")
    if version.strip() and not SEMVER.fullmatch(version):
        top.fault("version", "must be three numbers such as 1.0.0")
    top.flag("primary", default=False)
    _check_text(top, "copyright", LONGEST["copyright"])
    if "title" in top.content:
        _check_text(top, "title", LONGEST["title"])
    for key, expected in expected_keys(instrument).items():
        _check_texts(top, key, expected, LONGEST[key])


def to_words(content: Json, instrument: Instrument, language: str) -> Words:
    """Return the words of a file without faults, in its language.

    The titles of scores, and a title where the file has none, are our own descriptors.
    """
    ours = best_words(descriptors(instrument), language)
    title = content.get("title", ours.title)
    return Words(
        language=language,
        title=title,
        description=f"{title.removesuffix('.')}, in the clinic's own wording.",
        copyright=content["copyright"],
        items=content["items"],
        anchors={line: (ends["lower"], ends["upper"]) for line, ends in content.get("anchors", {}).items()},
        choices=content.get("choices", {}),
        scores=ours.scores,
    )


def _check_texts(parent: Table, key: str, expected: Mapping[str, object], longest: int) -> None:
    """Note the faults of a table of texts, or of such tables."""
    found = parent.content.get(key, {})
    if not isinstance(found, dict):
        parent.fault(key, "must be a table")
        return
    table = parent.inner(key, found)
    table.allow_only(*expected)
    for name, inside in expected.items():
        if isinstance(inside, dict):
            _check_texts(table, name, inside, longest)
        else:
            _check_text(table, name, longest)


def _check_text(table: Table, key: str, longest: int) -> None:
    text = table.text(key)
    if len(text) > longest:
        table.fault(key, f"must have at most {longest} characters")
    elif _CONTROL.search(text):
        table.fault(key, "must be one line without control characters")
    elif text.strip() and text != text.strip():
        table.fault(key, "must not begin or end with a blank")
