"""Every key of every shipped instrument on one page, for a psychometrician to check.

``python -m fhir_mappings.keys_table > fhir_mappings/instruments/KEYS.md`` writes it; a test compares.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.instrument import CutOff, Instrument, Item, ScoreRule
from fhir_mappings.item_words import answer_words

_INTRODUCTION = """# Keys of the instruments

For whoever checks our keys against the publications. Written from the files beside it by
`python -m fhir_mappings.keys_table`; change those, not this page.

- *Reversed* items count minimum + maximum - answer.
- *complete-only*: no score unless all its items are answered. *prorate-75*: from 75 % of its items on, the
  mean of the answered times their number, else no score. *blank-is-not-seen*: a blank means not seen.
- A score of scores adds their unrounded values. Every score is rounded once, at the end, half up, to two
  places.
- *Provisional*: a key or coding is unsure, for the reason given. *Off*: no door takes the form until a clinic
  turns it on.
"""


def keys_page(instruments: Mapping[str, Instrument]) -> str:
    """Return the page in Markdown: one section per instrument, in the order given."""
    sections = ["\n".join(_section(one)) for one in instruments.values()]
    return "\n".join([_INTRODUCTION, *sections])


def _section(one: Instrument) -> Iterator[str]:
    yield f"## {one.reference}"
    yield ""
    yield f"{one.title}. {_status(one)}"
    yield ""
    yield f"- Perspective: {one.perspective}. Role: {one.role}. Pushed to an EHR: {one.push}."
    yield f"- Given {one.timing}. Looks back on: {one.looks_back}."
    if one.derived_from:
        yield f"- Derived from `{one.derived_from}`: any answers to that form yield this one too."
    yield f"- Source: {one.citation}"
    yield ""
    yield from _table(("item", "our descriptor", "answer", "reversed", "counts in"), _item_rows(one))
    if one.scores:
        yield from _table(
            ("score", "kind", "of", "missing", "range", "direction", "source of the key"),
            (_score_row(rule) for rule in one.scores),
        )
    if one.cut_offs:
        yield from _table(
            ("cut-off", "crossed where", "ages", "use", "status", "source"),
            (_cut_off_row(cut_off) for cut_off in one.cut_offs),
        )


def _status(one: Instrument) -> str:
    state = f"Status: **{one.status}**" + ("" if one.enabled else ", **off**")
    return f"{state}. {one.status_reason}".rstrip()


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _item_rows(one: Instrument) -> Iterator[tuple[str, ...]]:
    for item in one.all_items:
        rules = [rule.id for rule in one.scores if item.link_id in rule.items]
        turned = "reversed" if isinstance(item, Item) and item.reversed else ""
        yield item.link_id, item.text, answer_words(item), turned, ", ".join(rules)


def _score_row(rule: ScoreRule) -> tuple[str, ...]:
    of = ", ".join(rule.parts or rule.items)
    span = f"{rule.minimum:f} to {rule.maximum:f}"
    return rule.id, rule.kind, of, rule.missing, span, rule.direction, rule.source


def _cut_off_row(cut_off: CutOff) -> tuple[str, ...]:
    return (
        cut_off.id,
        _limit_of(cut_off),
        _ages_of(cut_off),
        cut_off.use,
        cut_off.status if cut_off.enabled else f"{cut_off.status}, off",
        cut_off.source,
    )


def _limit_of(cut_off: CutOff) -> str:
    if cut_off.kind == "score-fell-by":
        return f"{cut_off.score} fell by {'at least' if cut_off.inclusive else 'more than'} {cut_off.value:f}"
    subject = "any item" if cut_off.kind == "any-item-below" else cut_off.score
    return f"{subject} {'<=' if cut_off.inclusive else '<'} {cut_off.value:f}"


def _ages_of(cut_off: CutOff) -> str:
    if cut_off.age_to is None:
        return "all" if cut_off.age_from is None else f"{cut_off.age_from} and older"
    return f"{cut_off.age_from or 0} to {cut_off.age_to}"


if __name__ == "__main__":
    sys.stdout.write(keys_page(shipped_instruments()))
