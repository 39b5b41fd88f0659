"""Who holds a lease: a process of a machine, told apart from a later one that has the same number.

A process that was killed leaves its leases behind. On the machine where it ran that can be known at once, so
that the next start need not wait for them to end.
"""

import hashlib
import os
import re
import socket
from pathlib import Path
from uuid import uuid4

_PROCESSES = Path("/proc")
_OWNER = re.compile(r"(?P<host>.+)-(?P<pid>\d+)\.(?P<started>\d+)-[0-9a-f]{12}(-\d+)*")
# proc(5): starttime is field 22; the fields after the command's closing bracket begin with the third.
_START_TIME = 22 - 3
_HOST_LETTERS = 16


def new_owner() -> str:
    """Return a name for this process and nothing else: ``<host>-<pid>.<start>-<random>``."""
    pid = os.getpid()
    return f"{_host()}-{pid}.{_started(pid) or 0}-{uuid4().hex[:12]}"


def is_gone(owner: str) -> bool:
    """Tell whether an owner was a process of this machine that no longer runs.

    False where that cannot be known: another machine's, or a system without ``/proc``.
    """
    named = _OWNER.fullmatch(owner)
    if named is None or named["host"] != _host() or not _PROCESSES.is_dir():
        return False
    return _started(int(named["pid"])) != int(named["started"])


def _host() -> str:
    """Return a short name of what gives processes their numbers here: this machine, or this container of it.

    The whole host name counts: replicas often share its beginning.
    """
    try:
        numbering = (_PROCESSES / "self" / "ns" / "pid").readlink().name
    except OSError:
        numbering = ""
    return hashlib.sha256(f"{socket.gethostname()}|{numbering}".encode()).hexdigest()[:_HOST_LETTERS]


def _started(pid: int) -> int | None:
    """Return when a process started, in clock ticks since the machine did; None where none runs."""
    try:
        told = (_PROCESSES / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(told.rpartition(")")[2].split()[_START_TIME])
