"""What npm brings for these tests, once per version, into a folder outside the project."""

import base64
import hashlib
import os
import subprocess
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

_PAUSE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Package:
    """A package at one version; ``sha512`` is its archive's sum in base64, as npm prints it."""

    name: str
    version: str
    sha512: str


class AnotherPackage(Exception):
    """npm brought an archive with another sum than ours."""


def run_npm(*arguments: str) -> None:
    """Run npm; where that fails once more, and a last time: who serves packages may be away for a moment."""
    for rest in (2, 1, 0):
        # Fixed commands; where packages come from is npm's own setting.
        done = subprocess.run(["npm", *arguments], stdout=subprocess.DEVNULL, check=not rest)  # noqa: S603, S607
        if done.returncode == 0:
            return
        time.sleep(_PAUSE_SECONDS)


def packages_folder(name: str) -> Path:
    """Return the folder of one package, such as ``lforms@40.1.3``; it may not be there yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "alliance-tests" / name


def unpack(package: Package) -> Path:
    """Return the folder that holds the package without what it depends on; the first time npm brings it.

    For packages that come bundled: npm takes over ten minutes to work out what lforms was built from.
    """
    folder = packages_folder(f"{package.name}@{package.version}")
    unpacked = folder / "package"
    if not (unpacked / "package.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        named = f"{package.name}@{package.version}"
        run_npm("pack", "--silent", "--pack-destination", str(folder), named)
        _extract(folder / f"{package.name}-{package.version}.tgz", package, folder)
    return unpacked


def _extract(archive: Path, package: Package, folder: Path) -> None:
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != package.sha512:
        raise AnotherPackage(f"{archive.name} has the sum {found}")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    archive.unlink()
