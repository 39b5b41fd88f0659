"""The system tests: ``python -m tests.system [--soak] [--only GROUP | --without GROUP…] [pytest arguments]``.

What this machine lacks the tools for is left out, with a line that says what and why; where CI=true it is an
error. ``--soak`` adds the long runs. ``--only`` and ``--without`` a group, such as hapi, split them between
two runs side by side: most of them wait for something.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.system.tools import GROUPS, missing_tools

_HERE = Path(__file__).parent


def main(arguments: Sequence[str]) -> int:
    """Run what the machine can and return pytest's exit code; 2 where CI lacks a tool."""
    left_out = []
    for group in GROUPS:
        lacking = missing_tools(group)
        if lacking:
            left_out.append(group.marker)
            _tell(f"tests/system: {group.title} are left out, this machine lacks {', '.join(lacking)}")
    if left_out and os.environ.get("CI") == "true":
        _tell("tests/system: in CI nothing is left out")
        return 2
    asked, given = _parser().parse_known_args(arguments)
    if not asked.soak:
        left_out.append("soak")
        _tell("tests/system: the long runs are left out; make soak runs them")
    left_out += asked.without
    wanted = [asked.only] if asked.only else []
    selection = " and ".join([*wanted, *(f"not {marker}" for marker in left_out)])
    chosen = given if any(_is_path(one) for one in given) else [str(_HERE), *given]
    return int(pytest.main(["-c", str(_HERE / "pytest.ini"), "-m", selection, *chosen]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.system", add_help=False, allow_abbrev=False)
    markers = [group.marker for group in GROUPS]
    parser.add_argument("--soak", action="store_true")
    parser.add_argument("--only", choices=markers)
    parser.add_argument("--without", choices=markers, action="append", default=[])
    return parser


def _is_path(argument: str) -> bool:
    return Path(argument.split("::", maxsplit=1)[0]).exists()


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - read by a person or in CI's output


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
