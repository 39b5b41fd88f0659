"""The root of the tree, and what stands alone in it."""

from collections.abc import Sequence


class ServiceError(Exception):
    """Anything the service refuses or fails at."""


class SettingsRefused(ServiceError):
    """The environment does not describe a service that may start; names every variable at fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class ProfileRefused(ServiceError):
    """A vendor profile that cannot be used; names file, key and reason of every fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class Withheld(ServiceError):
    """Nothing about this patient may be written into the EHR (now)."""
