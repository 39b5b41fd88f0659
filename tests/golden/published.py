"""What was published under each url and version: one line with a fingerprint, in ``published.txt``.

A form that changed under a version that clinics have already would be two forms of one name: in their EHRs,
and in a clinic's own wording, whose version is not ours to give. ``python -m tests.golden`` adds lines for
what is new; it changes none. A clinic's form is made up here: what changes it is how we make forms.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.extensions import to_extension_definitions
from fhir_mappings.instrument import Instrument
from fhir_mappings.json_text import dumps
from fhir_mappings.terminology import definitions
from fhir_mappings.wording import check_wording
from tests.builders import NAMES
from tests.own_wording import own_wording

Json = dict[str, Any]
FILE = Path(__file__).with_name("published.txt")


def fingerprints() -> dict[str, str]:
    """Return ``<url>|<version>`` of every definition -> the fingerprint of all that it says."""
    instruments = shipped_instruments()
    worded = {one: _in_words_of_a_clinic(instruments[one]) for one in ("srs-3", "wai-sr-client")}
    published = [*definitions({**instruments, **worded}, NAMES), *to_extension_definitions(NAMES)]
    return {f"{one['url']}|{one['version']}": hashlib.sha256(dumps(one)).hexdigest() for one in published}


def read_published() -> dict[str, str]:
    """Return the same as it was written down."""
    return dict(line.split(" ") for line in FILE.read_text().splitlines())


def add_published() -> None:
    """Write down what has no line yet."""
    lines = fingerprints() | read_published()
    FILE.write_text("".join(f"{name} {mark}\n" for name, mark in sorted(lines.items())))


def _in_words_of_a_clinic(instrument: Instrument) -> Instrument:
    file = f"north/{instrument.id}.de.toml"
    wording = check_wording({file: own_wording(instrument)}, {instrument.id: instrument}, "north")
    form = wording.wordings[instrument.id].to_form(instrument, "north", in_use=True)
    return replace(instrument, clinic_forms=(form,))
