"""``python -m tests.security.audit LOCK``: known vulnerabilities of what the lock pins, by pip-audit.

1 where there is one, where only part of the lock could be asked about, and where pip-audit itself failed.
Where nobody could be asked at all, as on a machine without internet, it says ``NOT CHECKED`` and ends with
0; with ``AUDIT_MUST_ANSWER=true`` it ends with 1.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SECONDS = 300
# What pip-audit's own errors say where nobody answers (its ConnectionError and ServiceError).
_NOBODY = ("ConnectionError", "Could not connect", "Failed to establish", "timed out", "Max retries exceeded")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an audit came to: the lines to print, and the exit code."""

    lines: tuple[str, ...]
    code: int


def main(arguments: Sequence[str]) -> int:
    """Ask, tell, and return the exit code."""
    (lock,) = arguments
    asked = [sys.executable, "-m", "pip_audit", "--requirement", lock, "--disable-pip", "--require-hashes"]
    # Our own command line, without a shell.
    done = subprocess.run(  # noqa: S603
        [*asked, "--format", "json", "--progress-spinner", "off"],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    pinned = count_pinned(Path(lock).read_text("utf-8"))
    must_answer = os.environ.get("AUDIT_MUST_ANSWER") == "true"
    verdict = judge(done.stdout, done.stderr, pinned, must_answer=must_answer)
    print("\n".join(verdict.lines), flush=True)  # noqa: T201 - read by a person or in CI's output
    return verdict.code


def judge(told: str, complaints: str, pinned: int, *, must_answer: bool) -> Verdict:
    """Return what pip-audit's output means for a lock of so many packages; ``complaints`` is its stderr."""
    dependencies = _dependencies(told)
    if dependencies is None and not any(word in complaints for word in _NOBODY):
        return Verdict(("pip-audit failed: nothing was checked", complaints[-500:]), 1)
    checked = [one for one in dependencies or () if "vulns" in one]
    found = [f"{one['name']} {one['version']}: {weak['id']}" for one in checked for weak in one["vulns"]]
    if found:
        return Verdict(tuple(found), 1)
    if not checked:
        advice = "run this where the index's own API answers"
        return Verdict(
            (f"NOT CHECKED: none of {pinned} dependencies could be asked about; {advice}",), int(must_answer)
        )
    if len(checked) < pinned:
        names = [str(one["name"]) for one in dependencies or () if "vulns" not in one]
        missing = f"{pinned - len(checked)} of {pinned} dependencies are not known there: {', '.join(names)}"
        return Verdict((f"NOT CHECKED: {missing}",), 1)
    return Verdict((f"{len(checked)} dependencies, none with a known vulnerability",), 0)


def count_pinned(lock: str) -> int:
    """Return how many packages a lock pins."""
    return sum("==" in line and not line.startswith((" ", "#")) for line in lock.splitlines())


def _dependencies(told: str) -> list[Mapping[str, Any]] | None:
    """Return what was said of each package, None where nothing was that can be read."""
    try:
        dependencies: list[Mapping[str, Any]] = json.loads(told)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    return dependencies


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
