"""``python -m tests.security.bill SBOM LOCK``: 1 where a package that is here and locked is not listed."""

import json
import re
import sys
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path


def main(arguments: Sequence[str]) -> int:
    """Compare the two, name what is missing, and return the exit code."""
    bill, lock = (Path(one).read_text("utf-8") for one in arguments)
    listed = {_plain(one["name"]) for one in json.loads(bill)["components"]}
    # A lock for all systems pins what others install as well.
    here = {_plain(one.name) for one in distributions()}
    missing = sorted((pinned(lock) & here) - listed)
    print(f"{len(listed)} components; missing: {', '.join(missing) or 'none'}")  # noqa: T201 - read in CI's output
    return int(bool(missing) or not listed)


def pinned(lock: str) -> set[str]:
    """Return the names that a lock pins, as PyPI normalises them."""
    return {_plain(found) for found in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", lock, re.MULTILINE)}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
