"""What the rules reach on the simulated worlds, against the reference's own table. All of it: tests.bench."""

import pytest

from service.alliance.dip_metrics import measure_dips
from service.alliance.metrics import measure
from service.alliance.trials import run_trial
from tests.service.alliance.dyads import PARAMETERS, SRS, simulated
from tests.service.alliance.published import (
    BASE,
    CRITERIA_FIGURES,
    LOOKING_BACK,
    NULL_FALSE,
    ONLINE_FIGURES,
    OTHERS,
    differences,
)


def _measured(world: str, rule: str):
    clients, norm, _ = simulated(world)
    return measure(clients, run_trial(rule, clients, norm, PARAMETERS))


@pytest.mark.parametrize("rule", ["own-baseline", "own-baseline-notices", "context", "item-9"])
def test_base_figures_are_reproduced(rule):
    assert differences(_measured("base_whole", rule), ONLINE_FIGURES, BASE[rule]) == []


@pytest.mark.parametrize("rule", OTHERS["wai_sr"])
def test_figures_of_another_world_are_reproduced(rule):
    names = ("sens_visible", "false_per_100", "sens_at_3")
    assert differences(_measured("wai_sr", rule), names, OTHERS["wai_sr"][rule]) == []


@pytest.mark.parametrize("rule", ["own-baseline", "below-mean-rci", "ewma"])
def test_false_alerts_without_any_rupture_are_reproduced(rule):
    found = _measured("srs_null", rule)
    assert differences(found, ("false_per_100",), (NULL_FALSE[rule],)) == []
    assert (found.sens_visible, found.delay, found.auc) == (None, None, None)


@pytest.mark.parametrize("criterion", LOOKING_BACK)
def test_criteria_still_flag_clients_where_nobody_has_a_rupture(criterion):
    clients, norm, _ = simulated("srs_null")
    found = measure_dips(clients, run_trial(criterion, clients, norm, PARAMETERS))
    assert differences(found, ("flagged", "with_return"), LOOKING_BACK[criterion][1]) == []


@pytest.mark.parametrize("criterion", ["gumz-like-1", "partition"])
def test_base_figures_of_criteria_are_reproduced(criterion):
    clients, norm, _ = simulated("base_whole")
    found = measure_dips(clients, run_trial(criterion, clients, norm, PARAMETERS))
    assert differences(found, CRITERIA_FIGURES, LOOKING_BACK[criterion][0]) == []


def test_assumed_starting_norm_reaches_its_figures():
    clients, _, _ = simulated("base_whole")
    found = measure(clients, run_trial("own-baseline", clients, SRS, PARAMETERS))
    published = (0.51, 0.39, 2.8, 0.45, 0.31, 0.714, 0.54, 0.69, 0.63, 0.78)
    assert differences(found, ONLINE_FIGURES, published) == []
