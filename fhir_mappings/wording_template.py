"""An empty file for a clinic's own wording, to be filled in from the licensed form."""

import json
from collections.abc import Iterator, Mapping

from fhir_mappings.instrument import Instrument
from fhir_mappings.translations import descriptors
from fhir_mappings.wording_file import expected_keys
from fhir_mappings.words import Words, best_words


def to_template(instrument: Instrument, language: str) -> str:
    """Return the text of ``<instrument>.<language>.toml`` with every text left empty.

    Beside each stands our own descriptor as a comment, in that language where we have it, else in English: it
    says which item is meant, and is not its wording.
    """
    ours = best_words(descriptors(instrument), language)
    return "\n".join(_lines(instrument, language, ours)) + "\n"


def _lines(instrument: Instrument, language: str, ours: Words) -> Iterator[str]:
    yield f"# The clinic's licensed wording of {instrument.id}: <clinic>/{instrument.id}.{language}.toml."
    yield "# Comments are our own descriptors: they only say which text is meant."
    yield "# Whenever a text of any language changes, the version must rise in all of its files."
    yield 'version = "1.0.0"'
    yield "# Of several languages the one that the form is in; with one language it may be left out."
    yield "# primary = true"
    yield f"# title = {_quoted(ours.title)}"
    yield "# Whose wording it is and by which licence it is used; shown with the form."
    yield 'copyright = ""'
    expected = expected_keys(instrument)
    yield from _table("items", {key: ours.items[key] for key in expected["items"]})
    for line in expected["anchors"]:
        lower, upper = ours.anchors[line]
        yield from _table(f"anchors.{line}", {"lower": lower, "upper": upper})
    for list_id in expected["choices"]:
        yield from _table(f"choices.{list_id}", ours.choices[list_id])


def _table(name: str, comments: Mapping[str, str]) -> Iterator[str]:
    yield from ("", f"[{name}]")
    yield from (f'{key} = ""  # {comment}' for key, comment in comments.items())


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
