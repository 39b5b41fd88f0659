"""Who sends a request, as its credential tells: nothing else that a request holds changes it."""

from dataclasses import dataclass

DEFAULT_CLINIC = "default"
# Whose the rows are that belong to nobody: accesses to what is open to everybody.
NO_CLINIC = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller: ``name`` is what the audit keeps of it, ``clinic`` whose rows it is served."""

    name: str
    clinic: str = DEFAULT_CLINIC


# Whoever asks on this machine, as long as no callers are configured.
LOOPBACK = Caller("loopback")
