"""Every rule over all five simulated worlds, against the reference's own table and its targets.

Always whole, some seconds long: of a part of the clients neither the table nor the targets say anything.
"""

from pathlib import Path

from service.alliance.criteria import CRITERIA
from service.alliance.dip_metrics import measure_dips
from service.alliance.metrics import measure
from service.alliance.trials import TRIALS, run_trial
from tests.bench.figures import Figure
from tests.service.alliance.dyads import PARAMETERS, simulated
from tests.service.alliance.published import (
    BASE,
    CRITERIA_FIGURES,
    LOOKING_BACK,
    NULL_FALSE,
    ONLINE_FIGURES,
    OTHERS,
    differences,
)

WORLDS = ("base_whole", "srs_lownorm", "srs_ceiling", "wai_sr", "srs_null")
# What the reference asks of the default on clients of the base kind.
AT_LEAST = {
    "auc": 0.70,
    "sens_at_3": 0.53,
    "sens_at_5": 0.64,
    "early": 0.50,
    "ppv": 0.43,
    "repair_right": 0.75,
}
AT_MOST = {"delay": 0.4, "false_per_100": 3.0}


def run(_: Path, __: int) -> list[Figure]:
    """Return the figures of every rule in every world, and how many differ from the published table."""
    found, unlike = [], 0
    for world in WORLDS:
        clients, norm, _refit = simulated(world)
        for rule in TRIALS:
            marked = run_trial(rule, clients, norm, PARAMETERS)
            told = measure_dips(clients, marked) if rule in CRITERIA else measure(clients, marked)
            found += _figures(world, rule, told)
            unlike += len(_differing(world, rule, told))
    return [*found, Figure("figures that differ from the published table", unlike, at_most=0)]


def _figures(world: str, rule: str, told: object) -> list[Figure]:
    asked = world == "base_whole" and rule == "own-baseline"
    names = (*AT_LEAST, *AT_MOST) if asked else ("sens_visible", "false_per_100", "sens_at_3", "flagged")
    return [
        Figure(
            f"{world}: {rule}: {name}",
            value,
            at_least=AT_LEAST.get(name) if asked else None,
            at_most=AT_MOST.get(name) if asked else None,
        )
        for name in names
        if (value := getattr(told, name, None)) is not None
    ]


def _differing(world: str, rule: str, told: object) -> list[str]:
    if rule in LOOKING_BACK:
        whole, null = LOOKING_BACK[rule]
        if world == "base_whole":
            return differences(told, CRITERIA_FIGURES, whole)
        return differences(told, CRITERIA_FIGURES[:2], null) if world == "srs_null" else []
    if world == "base_whole" and rule in BASE:
        return differences(told, ONLINE_FIGURES, BASE[rule])
    if world == "srs_null" and rule in NULL_FALSE:
        return differences(told, ("false_per_100",), (NULL_FALSE[rule],))
    if rule in OTHERS.get(world, {}):
        return differences(told, ("sens_visible", "false_per_100", "sens_at_3"), OTHERS[world][rule])
    return []
