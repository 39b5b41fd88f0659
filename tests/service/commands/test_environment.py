"""What the commands start from: here the clinic's own measuring plan."""

from pathlib import Path

import pytest

from service.alliance.plan import default_plan
from service.commands.environment import measuring_plan
from service.errors import SettingsRefused
from service.settings import Settings

OWN = """
[session-rating]
instruments = ["srs-3"]
always_first = 3
first = [1, 1]
every = [2, 3]
once_begun = false
source = "our clinic"
"""


def own_plan(folder: Path, text: str | bytes) -> Settings:
    file = folder / "plan.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Settings(measuring_plan=str(file))


def test_the_shipped_plan_stands_where_none_is_named() -> None:
    assert measuring_plan(Settings()) == default_plan()


def test_a_clinics_own_plan_takes_its_place(tmp_path: Path) -> None:
    (measure,) = measuring_plan(own_plan(tmp_path, OWN))
    assert (measure.every.first, measure.every.last) == (2, 3)


@pytest.mark.parametrize("text", ["[", OWN.replace("[2, 3]", "[3, 2]"), b"\xff"])
def test_a_plan_that_cannot_be_used_stops_the_start_naming_the_setting(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        measuring_plan(own_plan(tmp_path, text))
    assert refused.value.faults[0].startswith("ALLIANCE_MEASURING_PLAN: ")


def test_a_plan_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match="ALLIANCE_MEASURING_PLAN: the file cannot be read"):
        measuring_plan(Settings(measuring_plan=str(tmp_path / "none.toml")))
