"""Python environments for what others wrote, outside the project's own: once for each list of packages."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path


def tests_cache() -> Path:
    """Return the folder for what these tests fetch; it may not be there yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "alliance-tests"


def environment_of(pinned: Path) -> Path:
    """Return the environment that holds the packages of a requirements file; the first time pip brings them.

    It is named by the folder of the file and by what stands in it.
    """
    folder = tests_cache() / f"{pinned.parent.name}-{sha256(pinned.read_bytes()).hexdigest()[:12]}"
    if not (folder / "ready").is_file():
        run_fixed(sys.executable, "-m", "venv", "--clear", str(folder))
        pip = (str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check")
        run_fixed(*pip, "install", "--quiet", "-r", str(pinned))
        (folder / "ready").touch()
    return folder


def run_fixed(*command: str) -> None:
    """Run a command; what it prints goes to our standard error."""
    # Fixed commands; where packages come from is each tool's own setting.
    subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603
