"""Steps that the ledger of deliveries does not allow."""

from service.errors.service_error import ServiceError


class LedgerError(ServiceError):
    """A step that the ledger of deliveries does not allow; nothing was changed."""


class ImpossibleStep(LedgerError):
    """The event cannot happen in that state: an error of ours, or somebody else was faster."""


class LeaseLost(LedgerError):
    """The delivery's lease ended and another worker may have it: stop touching it."""
