"""Made-up wording for the demo and for tests: our own descriptors, as if they were a clinic's files."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.instrument import Instrument
from fhir_mappings.wording_template import to_template

COPYRIGHT = "Made-up words for a demonstration, not the wording of this measure."
LANGUAGES = ("en", "de", "es", "fr", "nl")


def made_up_wording(instrument: Instrument, language: str, *, primary: bool = False) -> str:
    """Return a clinic's wording file in which each text is our own descriptor."""
    text = to_template(instrument, language).replace('copyright = ""', f'copyright = "{COPYRIGHT}"')
    text = re.sub(r'= ""  # (.*)', lambda found: f"= {json.dumps(found[1], ensure_ascii=False)}", text)
    return text.replace("# primary = true", "primary = true") if primary else text


def write_wording(folder: Path, instruments: Iterable[str], languages: Iterable[str] = LANGUAGES) -> Path:
    """Write the files of these instruments for the clinic ``default``; the first language is the primary."""
    clinic = folder / "wording" / "default"
    clinic.mkdir(parents=True)
    for instrument_id in instruments:
        for place, language in enumerate(languages):
            text = made_up_wording(shipped_instruments()[instrument_id], language, primary=place == 0)
            (clinic / f"{instrument_id}.{language}.toml").write_text(text, encoding="utf-8")
    return clinic.parent
