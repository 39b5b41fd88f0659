"""A clinic's own instrument file, made up."""

from pathlib import Path
from string import Template

_FORM = Template(
    """
id = "house-form"
version = "$version"
date = "2026-01-31"
name = "HouseForm"
title = "$title"
short_title = "House"
family = "house"
role = "$role"
perspective = "client"
status = "local"
description = "Made up for tests."
timing = "each session"
looks_back = "this session"
push = "always"
bare_total = false
observed_items = false
copyright = "Nobody's."
citation = "None."

[[items]]
link_id = "item-1"
text = "$text"
minimum = 0
maximum = 5
step = $step
reversed = $reversed
lower_anchor = "not at all"
upper_anchor = "wholly"

[[scores]]
id = "total"
title = "House total"
kind = "sum"
items = ["item-1"]
missing = "complete-only"
minimum = 0
maximum = 5
observed = true
source = "Made up."
"""
)


def own_form(**changes: str) -> str:
    """Return the text of ``house-form.toml``: one item from 0 to 5 and its total."""
    facts = {"version": "1.0.0", "title": "House form", "role": "alliance", "text": "Felt at home"}
    return _FORM.substitute(facts | {"step": "1", "reversed": "false"} | changes)


def write_own_form(folder: Path, **changes: str) -> None:
    """Write ``house-form.toml`` into a folder."""
    (folder / "house-form.toml").write_text(own_form(**changes), encoding="utf-8")
