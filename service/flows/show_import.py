"""Read how far imports came, and what they refused."""

from collections.abc import Iterator

from service.errors import NotFound
from service.flows.deployment import Access, Deployment
from service.store.imports import Import, Refusal, find_import, newest_imports, refusals_of

_AT_ONCE = 1000


def list_imports(deployment: Deployment, access: Access) -> list[Import]:
    """Return the clinic's latest imports, the newest first."""
    with deployment.database.read() as tx:
        return newest_imports(tx, access.clinic)


def show_import(deployment: Deployment, import_id: str, access: Access) -> Import:
    """Return one import; raises ``NotFound``."""
    with deployment.database.read() as tx:
        found = find_import(tx, access.clinic, import_id)
    if found is None:
        raise NotFound("There is no such import.")
    return found


def read_refusals(deployment: Deployment, import_id: str, access: Access) -> Iterator[Refusal]:
    """Yield every fault of every refused row, in the order of the file, some at a time."""
    after: int | None = 0
    while after is not None:
        page, after = page_of_refusals(deployment, import_id, access, after=after, limit=_AT_ONCE)
        yield from page


def page_of_refusals(
    deployment: Deployment, import_id: str, access: Access, *, after: int, limit: int
) -> tuple[list[Refusal], int | None]:
    """Return so many faults behind a place of the list, and the place of the last one, None at the end."""
    with deployment.database.read() as tx:
        found = refusals_of(tx, access.clinic, import_id, after=after, limit=limit)
    return [one for _, one in found], found[-1][0] if len(found) == limit else None
