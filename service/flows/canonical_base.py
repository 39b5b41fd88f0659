"""The canonical base is kept with the first delivery: another one later would double the chart."""

from fhir_mappings.codes import Names
from service.errors import SettingsRefused
from service.store.chart import keep_fact, read_fact
from service.store.database import Tx

_FACT = "canonical-base"


def check_canonical_base(tx: Tx, clinic: str, names: Names) -> None:
    """Raise ``SettingsRefused`` where something was delivered under another canonical base."""
    kept = read_fact(tx, clinic, _FACT)
    if kept is not None and kept != names.base:
        raise SettingsRefused([_sentence(kept)])


def keep_canonical_base(tx: Tx, clinic: str, names: Names) -> None:
    """Keep the canonical base of the first delivery. Raises ``SettingsRefused`` where another one is kept."""
    kept = keep_fact(tx, clinic, _FACT, names.base)
    if kept != names.base:
        raise SettingsRefused([_sentence(kept)])


def _sentence(kept: str) -> str:
    return (
        f"ALLIANCE_CANONICAL_BASE: deliveries were made under {kept}; another base would double the chart. "
        "Set it back, or begin with another database and EHR"
    )
