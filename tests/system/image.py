"""Our image, built by buildah on a base of Debian's packages, and run as a container engine would run it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.demo_clinic.processes import ROOT
from tests.system.children import Child
from tests.system.npm_packages import packages_folder

_HERE = Path(__file__).parent / "container"
_BASE = "localhost/alliance-base:bookworm"
_IMAGE = "localhost/alliance:test"
# Certificates of a proxy that this machine trusts; pip in the build must trust it too.
_CERTIFICATES = "/etc/ssl/certs:/etc/ssl/certs:ro"
SECRETS = "/run/secrets"


@dataclass(frozen=True, slots=True)
class Image:
    """A built image: where its files are mounted, and its configuration in Docker's words."""

    root: Path
    config: Mapping[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """What the image sets."""
        return dict(one.split("=", maxsplit=1) for one in self.config["Env"])

    def command(
        self, state: Path, command: list[str], settings: Mapping[str, str], secrets: Path | None = None
    ) -> list[str]:
        """Return the command line that runs one of the image's programs; ``state`` becomes its volume."""
        (volume,) = self.config["Volumes"]
        mounts = [[str(state), volume, True], *([[str(secrets), SECRETS, False]] if secrets else [])]
        wanted = {
            "root": str(self.root),
            "mounts": mounts,
            "user": self.config["User"],
            "folder": self.config["WorkingDir"],
            "environment": self.environment | dict(settings),
            "command": command,
        }
        enter = [sys.executable, str(_HERE / "enter.py"), json.dumps(wanted)]
        return ["unshare", "--mount", "--propagation", "private", *enter]

    def run(self, state: Path, command: list[str], **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run a program of the image to its end; settings without their prefix, in small letters."""
        line = self.command(state, command, variables(settings))
        return subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - ours


class Container(Child):
    """``python -m service <arguments>`` as the image starts it."""

    def __init__(
        self, image: Image, folder: Path, arguments: tuple[str, ...], ready: str, **settings: str
    ) -> None:
        super().__init__(arguments, variables(settings), folder / f"{arguments[0]}.log", ready)
        self._image = image
        self._state = folder / "state"
        self._secrets = folder / "secrets"

    def command(self) -> list[str]:
        """Return the command line: the image's entry point and our arguments."""
        line = [*self._image.config["Entrypoint"], *self._arguments]
        secrets = self._secrets if self._secrets.is_dir() else None
        return self._image.command(self._state, line, self._settings, secrets)


def variables(settings: Mapping[str, str]) -> dict[str, str]:
    """``port="8000"`` -> ``ALLIANCE_PORT``."""
    return {f"ALLIANCE_{name.upper()}": value for name, value in settings.items()}


@contextmanager
def built_image() -> Iterator[Image]:
    """Build the image of this tree and give it, mounted; all but the base is gone at the end."""
    # Our own command lines, without a shell.
    subprocess.run([str(_HERE / "base-image"), _BASE, *_storage()], check=True)  # noqa: S603
    told = ["--build-arg", f"BASE_IMAGE={_BASE}", "--volume", _CERTIFICATES, "--tag", _IMAGE]
    _buildah("build", "--format", "docker", "--layers=false", "--pull=never", *told, str(ROOT))
    container = _buildah("from", "--pull=never", _IMAGE)
    try:
        config = json.loads(_buildah("inspect", "--type", "image", _IMAGE))["Docker"]["config"]
        yield Image(Path(_buildah("mount", container)), config)
    finally:
        _buildah("rm", container)
        _buildah("rmi", _IMAGE)


def _storage() -> list[str]:
    folder = packages_folder("images")
    return ["--root", str(folder / "root"), "--runroot", str(folder / "run"), "--storage-driver", "vfs"]


def _buildah(command: str, *arguments: str) -> str:
    """Run buildah without an engine beside it, and return the last line or the text that it printed."""
    done = subprocess.run(  # noqa: S603 - our own command line, without a shell
        ["buildah", *_storage(), command, *arguments],  # noqa: S607
        env=os.environ | {"BUILDAH_ISOLATION": "chroot"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"buildah {command}: {done.stdout[-4000:]}{done.stderr[-2000:]}")
    return done.stdout.strip()
