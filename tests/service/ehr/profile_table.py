"""The shipped profiles as a table for people; README.md shows it, and a test compares."""

from collections.abc import Sequence

from service.ehr.ladder import Rung
from service.ehr.profile import Profile

_HEAD = (
    "| Profile | EHR | Rungs, best first | Conditional create | Answers known | Where from | Tested by us |"
)


def profile_table(profiles: Sequence[Profile]) -> str:
    """Return the profiles as a Markdown table in the order given."""
    rows = [_row(one) for one in profiles]
    return "\n".join([_HEAD, "| --- " * 7 + "|", *rows]) + "\n"


def _row(profile: Profile) -> str:
    cells = (
        f"`{profile.name}`",
        profile.title,
        ", ".join(str(rung) for rung in profile.rungs),
        _condition(profile),
        str(len(profile.answers)),
        profile.source,
        "; ".join(profile.tested) or "no",
    )
    return f"| {' | '.join(cells)} |"


def _condition(profile: Profile) -> str:
    only = f", by {' and '.join(profile.conditions)} only" if profile.conditions else ""
    words = {"trusted": "asked for", "help": "asked for, not relied on", "none": "never asked for"}
    note = ", into an encounter" if profile.note.encounter_required and Rung.DOCUMENT in profile.rungs else ""
    return f"{words[profile.conditional_create]}{only}{note and f'; notes{note}'}"
