"""The shell commands of the project's pages, as a reader would type them.

The convention: what stands in a block fenced ``sh`` is run by CI, in order, one shell per page, beside a
running demo (service on 127.0.0.1:8000, sandbox EHR on 127.0.0.1:8095). What must not be run, such as output
or a command that stays up, is fenced ``text``. A ``make`` line is only checked for its target: ``.ci/run``
runs ``make demo`` and ``make test`` themselves.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SERVICE, SANDBOX = "http://127.0.0.1:8000", "http://127.0.0.1:8095"
_FENCE = re.compile(r"^```(\w*)\s*$")
_NOT_OURS = {".venv", ".git", "node_modules", "build"}
# curl would call a refusal a success; make must not set up, play or test all over again.
_BEGIN = """set -euo pipefail
curl() { command curl --fail-with-body --silent --show-error "$@"; }
make() { command make --dry-run "$@" >/dev/null; }
"""


@dataclass(frozen=True, slots=True)
class Block:
    """One ``sh`` block of a page; ``line`` is the number of its first command."""

    page: str
    line: int
    text: str


def pages_with_commands(root: Path) -> list[str]:
    """Return every page of the project that holds an ``sh`` block, as paths below ``root``."""
    pages = sorted(
        str(one.relative_to(root))
        for one in root.rglob("*.md")
        if not _NOT_OURS & set(one.relative_to(root).parts)
    )
    return [page for page in pages if blocks_of(root, page)]


def blocks_of(root: Path, page: str) -> list[Block]:
    """Return a page's ``sh`` blocks in order."""
    return list(_blocks(page, (root / page).read_text().splitlines()))


def script_of(blocks: list[Block], service: str, sandbox: str) -> str:
    """Return one script of all blocks, the usual addresses replaced; it names each block as it begins."""
    steps = [f"echo '--- {one.page}:{one.line}' >&2\n{one.text}\n" for one in blocks]
    script = _BEGIN + "".join(steps)
    return script.replace(SERVICE, service).replace(SANDBOX, sandbox)


def _blocks(page: str, lines: list[str]) -> Iterator[Block]:
    opened: tuple[int, str] | None = None
    for number, line in enumerate(lines, start=1):
        match = _FENCE.match(line)
        if match is None:
            continue
        if opened is None:
            opened = (number, match.group(1))
            continue
        start, language = opened
        opened = None
        if language == "sh":
            yield Block(page, start + 1, "\n".join(lines[start : number - 1]))
