"""Become what a container engine would start: on an image's files, read-only but for its volume, as its user.

``unshare --mount enter.py '{"root": …, "mounts": [[source, target, writable], …], "user": …, "folder": …,
"environment": {…}, "command": […]}'``: the mounts are this process's alone. It keeps its number, so that
signals reach the command itself.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def main(asked: str) -> None:
    """Mount, leave everything else behind, and run the command."""
    wanted = json.loads(asked)
    root = wanted["root"]
    targets = [Path(root + target) for _, target, _ in wanted["mounts"]]
    for target in targets:
        target.mkdir(parents=True, exist_ok=True)
    _bind(root, root, writable=False)
    for (source, _, writable), target in zip(wanted["mounts"], targets, strict=True):
        _bind(source, str(target), writable=writable)
    user, _, group = wanted["user"].partition(":")
    os.chroot(root)
    os.chdir(wanted["folder"])
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))
    command = wanted["command"]
    os.execvpe(command[0], command, wanted["environment"])  # noqa: S606 - the image's own entry point


def _bind(source: str, target: str, *, writable: bool) -> None:
    # Fixed commands of our own, without a shell.
    subprocess.run(["mount", "--bind", source, target], check=True)  # noqa: S603, S607
    if not writable:
        subprocess.run(["mount", "-o", "remount,bind,ro", target], check=True)  # noqa: S603, S607


if __name__ == "__main__":
    main(sys.argv[1])
