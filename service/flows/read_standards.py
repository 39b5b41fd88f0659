"""Read by which norms and rules a clinic's ratings are judged."""

from functools import lru_cache

from service.alliance.norms import Norm, read_norm
from service.alliance.standards import ApprovedNorm, ChosenRule, Standards
from service.flows.deployment import Deployment
from service.store.database import Tx
from service.store.norms import in_force

_LATEST = "~"  # later than every instant
_KEPT_NORMS = 64


def read_standards(tx: Tx, deployment: Deployment, clinic: str, *, as_of: str | None = None) -> Standards:
    """Return the standards of a clinic; ``as_of``: those that had begun at that instant."""
    found = [one for one in in_force(tx, clinic) if one.since <= (as_of or _LATEST)]
    return Standards(
        shipped=deployment.norms,
        approved=[ApprovedNorm(one.since, _norm(one.thing)) for one in found if one.kind == "norm"],
        chosen=[ChosenRule(one.since, one.thing) for one in found if one.kind == "rule"],
        rule=deployment.settings.alert_rule,
    )


@lru_cache(maxsize=_KEPT_NORMS)
def _norm(text: str) -> Norm:
    return read_norm(text, "stored norm")
