"""What can go wrong in the alliance statistics.

AllianceError
 └─ AllianceFileError    a norm or threshold file cannot be used: file, key, reason

Both are faults of a file that ships with the service or that a clinic put beside it, never of what a caller
sent: they stop the start and are never retried. No message holds a rating.
"""


class AllianceError(Exception):
    """Anything the alliance statistics refuse."""


class AllianceFileError(AllianceError):
    """A norm or threshold file cannot be used."""

    def __init__(self, file: str, key: str, reason: str) -> None:
        super().__init__(f"{file}: {key}: {reason}")
        self.file = file
        self.key = key
        self.reason = reason
