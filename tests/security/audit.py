"""``python -m tests.security.audit LOCK``: known vulnerabilities of what the lock pins, by pip-audit.

1 where there is one. Where the service that knows them cannot be reached, as on a machine without internet,
this says so and ends with 0; with ``AUDIT_MUST_ANSWER=true`` it ends with 1.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_SECONDS = 300


def main(arguments: Sequence[str]) -> int:
    """Ask, tell, and return the exit code."""
    (lock,) = arguments
    told = _ask(lock)
    checked = [one for one in told if "vulns" in one]
    found = [(one["name"], one["version"], weak["id"]) for one in checked for weak in one["vulns"]]
    for name, version, identifier in found:
        _tell(f"{name} {version}: {identifier}")
    if found:
        return 1
    if len(checked) == count_pinned(Path(lock).read_text("utf-8")):
        _tell(f"{len(checked)} dependencies, none with a known vulnerability")
        return 0
    _tell(f"NOT CHECKED: only {len(checked)} were found; run this where PyPI's own API answers")
    return int(os.environ.get("AUDIT_MUST_ANSWER") == "true")


def count_pinned(lock: str) -> int:
    """Return how many packages a lock pins."""
    return sum("==" in line and not line.startswith((" ", "#")) for line in lock.splitlines())


def _ask(lock: str) -> list[dict[str, Any]]:
    """Return what pip-audit says of each package; nothing where it could ask nobody."""
    asked = [sys.executable, "-m", "pip_audit", "--requirement", lock, "--disable-pip", "--require-hashes"]
    # Our own command line, without a shell.
    done = subprocess.run(  # noqa: S603
        [*asked, "--format", "json", "--progress-spinner", "off"],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    try:
        dependencies: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return []
    return dependencies


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - read by a person or in CI's output


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
