"""Every test that the threat model names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "service" / "threat-model.md").read_text("utf-8")
NAMED = re.findall(r"`([a-z_/]+\.py)(?:::(test_[a-z0-9_]+))?`", PAGE)


def is_there(file: str, test: str) -> bool:
    path = ROOT / "tests" / file
    return path.exists() and (not test or f"def {test}(" in path.read_text("utf-8"))


def test_every_test_that_is_named_as_a_proof_exists():
    assert len(NAMED) > 20
    assert [one for one in NAMED if not is_there(*one)] == []


def test_every_page_that_is_named_exists():
    for page in ("threat-model.md", "intended-use.md", "operations.md"):
        text = (ROOT / "service" / page).read_text("utf-8")
        linked = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
        assert linked
        assert [link for link in linked if not (ROOT / "service" / link).exists()] == []
