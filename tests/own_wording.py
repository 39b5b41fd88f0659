"""A clinic's own wording, made up: no sentence of any licensed form."""

import re

from fhir_mappings.instrument import Instrument
from fhir_mappings.wording_template import to_template


def own_wording(
    instrument: Instrument, language: str = "de", version: str = "1.0.0", primary: str = "", **items: str
) -> str:
    """Return the template filled in: each text is our descriptor with the word Klinik before it.

    ``items`` are other texts of items, as TOML values by link id with ``_`` for ``-``.
    """
    text = to_template(instrument, language).replace('version = "1.0.0"', f'version = "{version}"', 1)
    text = text.replace('copyright = ""', 'copyright = "Made up, licence 7."')
    text = re.sub(r'= ""  # (.*)', r'= "Klinik \1"', text)
    if primary:
        text = text.replace("# primary = true", f"primary = {primary}")
    for link_id, told in items.items():
        key = link_id.replace("_", "-")
        text = "\n".join(
            f"{key} = {told}" if line.startswith(f"{key} = ") else line for line in text.split("\n")
        )
    return text
