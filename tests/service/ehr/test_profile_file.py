"""Vendor profiles as files."""

from pathlib import Path

import pytest

from service.ehr import profile_file
from service.ehr.ladder import Rung
from service.ehr.profile_file import load_profile, profile_names, read_profile
from service.errors import ProfileRefused
from tests.service.ehr.profile_table import profile_table

SMALL = 'title = "Ours"\nsource = "tried"\nrungs = ["document"]\n'
README = Path(profile_file.__file__).with_name("README.md")


def faults_of(text: str) -> tuple[str, ...]:
    with pytest.raises(ProfileRefused) as caught:
        read_profile(text, "ours")
    return caught.value.faults


@pytest.mark.parametrize("name", profile_names())
def test_every_shipped_profile_can_be_read(name: str) -> None:
    assert load_profile(name).rungs


def test_a_clinics_own_profile_needs_little() -> None:
    profile = read_profile(SMALL, "ours")

    assert profile.rungs == (Rung.DOCUMENT,)
    assert profile.settle_seconds == 60


def test_all_faults_are_told_at_once() -> None:
    text = (
        SMALL.replace("document", "paper")
        + 'page_size = -1\ncolour = "red"\n[types.Task]\ninteractions = ["fax"]\n'
    )

    faults = faults_of(text)

    assert len(faults) == 4
    assert [fault.split(": ")[1] for fault in sorted(faults)] == [
        "colour",
        "page_size",
        "rungs",
        "types.Task.interactions",
    ]


def test_a_limit_under_which_nothing_could_be_sent_is_refused() -> None:
    (fault,) = faults_of(SMALL + "requests_per_minute = 1\n")

    assert "requests_per_minute" in fault


def test_an_answer_that_nothing_tells_apart_is_refused() -> None:
    rule = '[[answers]]\nmeaning = "content"\nwords = "no"\nsource = "tested"\n'

    assert faults_of(SMALL + rule) == (
        "ours.toml: answers[0].codes: an answer needs a status, codes, an issue or a text to be known by",
    )


def test_an_unknown_name_is_answered_with_those_that_exist() -> None:
    with pytest.raises(ProfileRefused) as caught:
        load_profile("fax")
    assert "epic" in caught.value.faults[0]


def test_the_page_shows_what_the_files_say() -> None:
    assert profile_table([load_profile(name) for name in profile_names()]) in README.read_text(
        encoding="utf-8"
    )
