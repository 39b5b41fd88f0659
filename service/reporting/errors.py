"""What can go wrong in reporting.

ReportingError
 ├─ SnapshotGone      the snapshot was replaced or deleted meanwhile: look for the newest again
 ├─ ReportTooHeavy    the question took more time or memory than one may
 └─ ManyReports       so many questions wait already that another is not taken
"""


class ReportingError(Exception):
    """Anything that reporting fails at."""


class SnapshotGone(ReportingError):
    """The snapshot was replaced or deleted while it was read."""


class ReportTooHeavy(ReportingError):
    """The question took more time or memory than one may."""


class ManyReports(ReportingError):
    """As many questions are answered, or wait for it, as may."""
