"""What the database did not do."""

from service.errors.service_error import ServiceError


class StoreError(ServiceError):
    """The database did not do what was asked; nothing was changed."""


class LostRace(StoreError):
    """Another write came between, and this one was undone whole: the same again may succeed."""


class OutOfTime(StoreError):
    """The request's time is over; nothing was changed."""


class StoreAway(StoreError):
    """The database cannot be reached, or ended the connection."""


class StoreFull(StoreAway):
    """There is no space left for it; nothing was changed, and reading goes on."""
