"""Named events as JSON lines on standard error, with allow-listed fields only.

``log.event("delivery_parked", delivery="…", status=422)``. A field that is not on the list is a
programming error and raises: nothing that names a person can slip into a log by accident.
"""

import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO

import structlog

FIELDS = frozenset(
    {
        "address",
        "attempt",
        "clinic",
        "code",
        "count",
        "deliveries",
        "delivery",
        "ehr",
        "error",
        "hash",
        "host",
        "inbound",
        "method",
        "milliseconds",
        "part",
        "port",
        "reason",
        "request",
        "resource_type",
        "route",
        "setting",
        "state",
        "status",
        "subscription",
        "version",
    },
)


class Log:
    """Writes events to one stream."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._logger: structlog.types.FilteringBoundLogger = structlog.wrap_logger(
            structlog.PrintLogger(stream or sys.stderr),
            wrapper_class=structlog.make_filtering_bound_logger(0),
            processors=[
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _only_listed,
                structlog.processors.JSONRenderer(),
            ],
        ).bind()  # bound once: the proxy would build a logger anew for each event

    def event(self, name: str, **fields: str | float | None) -> None:
        """Write one event; raises ``ValueError`` for a field that is not allow-listed.

        A stream that cannot be written, as on a full disk, loses the event and stops nothing.
        """
        surplus = fields.keys() - FIELDS
        if surplus:
            raise ValueError(f"not allowed in a log: {', '.join(sorted(surplus))}")
        with suppress(OSError):
            self._logger.info(name, **fields)


def _only_listed(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in event.items() if key in FIELDS | {"event", "timestamp"}}
