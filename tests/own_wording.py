"""A clinic's own wording, made up: no sentence of any licensed form."""

import re

from fhir_mappings.instrument import Instrument
from fhir_mappings.wording_template import to_template


def own_wording(instrument: Instrument, language: str = "de", version: str = "1.0.0", **changes: str) -> str:
    """Return the template filled in: each text is our descriptor with the word Klinik before it.

    ``changes`` replace the texts of items, by link id with ``_`` for ``-``; ``primary`` is said as it is.
    """
    text = to_template(instrument, language).replace('version = "1.0.0"', f'version = "{version}"', 1)
    text = text.replace('copyright = ""', 'copyright = "Made up, licence 7."')
    text = re.sub(r'= ""  # (.*)', r'= "Klinik \1"', text)
    primary = changes.pop("primary", None)
    if primary:
        text = text.replace("# primary = true", f"primary = {primary}")
    for link_id, told in changes.items():
        text = re.sub(
            rf"(?m)^{link_id.replace('_', '-')} = .*$",
            lambda _, x=told, k=link_id: f"{k.replace('_', '-')} = {x}",
            text,
            count=1,
        )
    return text
