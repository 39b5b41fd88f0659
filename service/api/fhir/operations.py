"""The operations of the FHIR door. Their routes come before those of reads: an id may look like one."""

from fastapi import APIRouter

from service.api.doors import Doors
from service.api.fhir.export_operation import add_export
from service.api.fhir.extract_operation import add_extract
from service.api.fhir.lastn_operation import add_lastn
from service.api.fhir.populate_operation import add_populate
from service.api.fhir.subscription_operations import add_subscription_operations
from service.api.fhir.validate_operation import add_validate

_OPERATIONS = (
    *(add_populate, add_extract, add_validate, add_lastn, add_export),
    add_subscription_operations,
)


def add_operations(router: APIRouter, doors: Doors) -> None:
    """Add the routes of every operation that ``offered.py`` lists."""
    for add_operation in _OPERATIONS:
        add_operation(router, doors)
