"""``deliveries``: what is to be written to the EHR, explained in plain words, and what a person decides."""

import argparse
from collections.abc import Mapping

from service.clock import as_instant
from service.commands.acting import act_for_clinic
from service.commands.command import Command, Commands, Write, add_clinic
from service.flows.act_on_delivery import confirm_delivery, discard_delivery, retry_delivery
from service.flows.audit_command import audit_command, command_access
from service.flows.deployment import Access, Deployment
from service.flows.explain_delivery import explain_delivery, what_follows
from service.flows.list_deliveries import DeliveryListQuery, list_delivery_page, read_delivery
from service.flows.release_deliveries import release_deliveries
from service.store.deliveries import LATE, PARKED, DeliveryRow

_LISTED = 200
_STATES = f"list only this state; {PARKED}: all that a person must look at; {LATE}: all that takes too long"


def add_to(commands: Commands) -> None:
    """Add ``deliveries`` with its acts."""
    about = "list, explain and decide about what is written to the EHR"
    acts = commands.add("deliveries", _list, about).add_subparsers(metavar="act", required=True)

    def add(name: str, act: Command, about: str) -> argparse.ArgumentParser:
        made = add_clinic(acts.add_parser(name, help=about, description=about))
        made.set_defaults(command=act)
        return made

    add("list", _list, "list deliveries in the order they were queued").add_argument("--state", help=_STATES)
    add("release", _release, "let those go that were held as old when the EHR was first connected")
    for name, act, sentence in (
        ("explain", _explain, "say what it is, what was tried, and what happens next"),
        ("retry", _retry, "try a parked one again, or a pending one now"),
        ("confirm", _confirm, "say that it is in the EHR, under this id"),
        ("discard", _discard, "give it up for good"),
    ):
        made = add(name, act, sentence)
        made.add_argument("id", help="the delivery's id")
        if name == "retry":
            made.add_argument("--not-there", action="store_true", help="I looked: it is not in the EHR")
        elif name == "confirm":
            made.add_argument("ehr_reference", help="such as QuestionnaireResponse/123, or 123")
        elif name == "discard":
            made.add_argument("reason", help="why; it is kept with the delivery")


def _list(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    def act(deployment: Deployment) -> None:
        page = list_delivery_page(
            deployment, DeliveryListQuery(asked.state, limit=_LISTED), deployment.clinic
        )
        audit_command(deployment, _access(deployment, "list"))
        for one in page.items:
            subject = f"{one.subject_kind} {one.subject_id} version {one.subject_version}"
            write(f"{one.id}  {one.state:<9}  {one.rung or '-':<13}  {subject}  {one.reason}".rstrip() + "\n")
        if page.next is not None:
            write(f"… and more: GET /v1/deliveries lists them all, page by page ({_LISTED} shown)\n")
        if not page.items:
            write("no deliveries\n")

    return act_for_clinic(asked, environ, act)


def _release(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    def act(deployment: Deployment) -> None:
        write(f"{release_deliveries(deployment, _access(deployment, 'release'))} released\n")

    return act_for_clinic(asked, environ, act)


def _explain(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    def act(deployment: Deployment) -> None:
        detail = read_delivery(deployment, asked.id, deployment.clinic)
        access = _access(deployment, "explain")
        audit_command(deployment, access, detail.delivery.id, detail.delivery.patient_key)
        for line in explain_delivery(detail, as_instant(deployment.clock())):
            write(f"{line}\n")

    return act_for_clinic(asked, environ, act)


def _retry(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    def act(deployment: Deployment) -> None:
        access = _access(deployment, "retry")
        changed = retry_delivery(deployment, asked.id, None, access, not_there=asked.not_there)
        _tell(deployment, changed, write)

    return act_for_clinic(asked, environ, act)


def _confirm(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    def act(deployment: Deployment) -> None:
        access = _access(deployment, "confirm")
        changed = confirm_delivery(deployment, asked.id, asked.ehr_reference, None, access)
        _tell(deployment, changed, write)

    return act_for_clinic(asked, environ, act)


def _discard(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    def act(deployment: Deployment) -> None:
        access = _access(deployment, "discard")
        changed = discard_delivery(deployment, asked.id, asked.reason, None, access)
        _tell(deployment, changed, write)

    return act_for_clinic(asked, environ, act)


def _tell(deployment: Deployment, changed: DeliveryRow, write: Write) -> None:
    write(f"{changed.id}: {changed.state}. {what_follows(changed, as_instant(deployment.clock()))}\n")


def _access(deployment: Deployment, act: str) -> Access:
    return command_access(deployment.clinic, f"deliveries {act}")
