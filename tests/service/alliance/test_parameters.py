from importlib.resources import files

import pytest

from service.alliance.errors import AllianceFileError
from service.alliance.parameters import (
    FILE,
    default_parameters,
    default_thresholds,
    read_thresholds,
    to_parameters,
)

SHIPPED = (files("service.alliance") / FILE).read_text("utf-8")
COOLDOWN = SHIPPED[SHIPPED.index("[cooldown]") : SHIPPED.index("[budget_per_100]")]


def test_defaults_are_those_of_the_rule():
    found = default_parameters().echoed()
    told = {"watch_z": 1.5, "alert_z": 2.0, "marked_z": 3.0, "min_fall_sem": 1, "prior_df": 8, "winsor_sd": 2}
    told |= {
        "recovery_z": 0.8,
        "recovery_share": 0.5,
        "recovery_window": 4,
        "cooldown": 2,
        "budget_per_100": 5,
    }
    assert {name: found[name] for name in told} == told


def test_counts_are_whole_numbers():
    assert isinstance(default_parameters().cooldown, int)


def test_every_threshold_has_a_source():
    thresholds = default_thresholds()
    assert len(thresholds) == len(default_parameters().echoed()) + len(default_parameters().rules.echoed())
    assert all(len(threshold.source) > 20 for threshold in thresholds.values())


def test_clinics_own_number_is_taken():
    changed = SHIPPED.replace("[cooldown]\nvalue = 2", "[cooldown]\nvalue = 3")
    assert to_parameters(read_thresholds(changed)).cooldown == 3


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        (COOLDOWN, ""),
        ("[cooldown]", "[warm_up]"),
        ("[cooldown]\nvalue = 2", "[cooldown]\nvalue = -2"),
        ("[cooldown]\nvalue = 2", "[cooldown]\nvalue = nan"),
        ("[cooldown]\nvalue = 2", "[cooldown]\nvalue = true"),
        ("[cooldown]\nvalue = 2", "[cooldown]\nvalue = 2.5"),
        ("[cooldown]\nvalue = 2", "[cooldown]\nlimit = 2"),
        (COOLDOWN, COOLDOWN.replace('"<="', '"=="')),
        (COOLDOWN, COOLDOWN.replace('"assumed"', '"known"')),
        (COOLDOWN, COOLDOWN.split("source")[0] + 'source = " "\n'),
    ],
)
def test_bad_thresholds_are_refused_naming_the_key(written, instead):
    assert written in SHIPPED
    with pytest.raises(AllianceFileError) as refused:
        to_parameters(read_thresholds(SHIPPED.replace(written, instead), "clinic.toml"), "clinic.toml")
    assert refused.value.file == "clinic.toml"
    assert refused.value.key in ("cooldown", "warm_up")


def test_text_that_is_no_toml_is_refused():
    with pytest.raises(AllianceFileError) as refused:
        read_thresholds("[cooldown", "clinic.toml")
    assert refused.value.key == "the whole file"
