"""Read what became of a form link, and revoke one."""

from service.clock import as_instant
from service.errors import NotFound, WrongState
from service.flows.deployment import Access, Deployment
from service.flows.form_link import FormLink, found_or_refused
from service.flows.make_form_link import reaches
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.form_links import REVOKED, USED, close_form_link, find_form_link

OK = 200


def read_form_link(deployment: Deployment, link_id: str, access: Access) -> FormLink:
    """Return a link as it stands; raises ``NotFound``, also where it is beyond the caller's reach."""
    with deployment.database.read() as tx:
        found = found_or_refused(find_form_link(tx, access.clinic, link_id))
    return _in_reach(deployment, found, access)


def revoke_form_link(deployment: Deployment, link_id: str, access: Access) -> FormLink:
    """Return the link, which opens nothing any more; one that is revoked already stays as it is.

    Raises ``NotFound``, and ``WrongState`` where its answers have come.
    """
    now = as_instant(deployment.clock())
    with deployment.database.write() as tx:
        found = found_or_refused(find_form_link(tx, access.clinic, link_id, to_close=True))
        link = _in_reach(deployment, found, access)
        if link.row.state == USED:
            raise WrongState("The answers of this link have come: withdraw the responses.")
        if link.row.state != REVOKED:
            close_form_link(tx, link.row, REVOKED, now)
        add_audit(tx, audit_row(access, now, OK, link.row.id, link.row.alias_row))
        return found_or_refused(find_form_link(tx, access.clinic, link_id))


def _in_reach(deployment: Deployment, link: FormLink, access: Access) -> FormLink:
    if not all(reaches(deployment, link.facts, access, form.instrument) for form in link.facts.forms):
        raise NotFound("There is no such form link.")
    return link
