"""Write several responses in one transaction: all of them, or nothing.

Each is a *step*. First every step says which id its response has, since they may refer to each other; then
they are done in order. All that is refused is collected, and then nothing was done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from fhir_mappings import json_text
from fhir_mappings.bundle import references_in, replace_references
from service.errors import ManyMatches, RequestRefused
from service.flows.correct_response import update_in
from service.flows.deployment import Access, Deployment, Write
from service.flows.new_response import NewResponse, Recorded
from service.flows.own_ids import choose_response_id
from service.flows.record_response import CREATED, STORED_ALREADY, find_stored, record_within
from service.flows.recorded import recorded_again
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.conditions import PairOneOf
from service.store.lost_races import repeat_lost_races
from service.store.responses import ResponseVersion, lock_identifier
from service.store.search import Page, find_places, versions_by_row
from service.store.sight import WHOLE_SIGHT, Sight

# A step's reference of its own -> the reference of the response that it came to.
References = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Done:
    """What one step gave, and the status with which it would have been answered alone."""

    recorded: Recorded
    status: int


class Step(Protocol):
    """One response to be written. ``reference`` is how others in the same request name it, if they can."""

    @property
    def reference(self) -> str | None:
        """Return that reference, such as ``urn:uuid:…``."""

    def choose_id(self, write: Write) -> str:
        """Return the id of the response that this step comes to."""

    def take(self, write: Write, response_id: str, references: References) -> Done:
        """Do the step."""


class StepsRefused(Exception):
    """Some steps were refused, by their place; nothing was done."""

    def __init__(self, refusals: Mapping[int, RequestRefused]) -> None:
        super().__init__("refused")
        self.refusals = refusals


@dataclass(frozen=True, slots=True)
class Create:
    """Record a new response, unless one with an identifier of ``condition`` (system, value) is there."""

    new: NewResponse
    condition: tuple[tuple[str | None, str | None], ...] = ()
    reference: str | None = None
    sight: Sight = WHOLE_SIGHT

    def choose_id(self, write: Write) -> str:
        """Return the id of the stored response that it matches, else a new one."""
        seen = _with_sight(write, self.sight)
        stored = _match(seen, self.condition) or find_stored(seen, self.new)
        return stored.id if stored else choose_response_id(write, self.new)

    def take(self, write: Write, response_id: str, references: References) -> Done:
        """Record it; a match of its condition is answered whatever it holds."""
        write = _with_sight(write, self.sight)
        stored = _match(write, self.condition)
        if stored:
            add_audit(
                write.tx, audit_row(write.access, write.now, STORED_ALREADY, stored.id, stored.alias_row)
            )
            return Done(recorded_again(write.tx, write.deployment, stored), STORED_ALREADY)
        recorded = record_within(write, _referring(self.new, references), response_id)
        return Done(recorded, CREATED if recorded.created else STORED_ALREADY)


@dataclass(frozen=True, slots=True)
class Update:
    """Correct, complete, stop or withdraw a stored response; ``expected`` None: whichever version it has."""

    new: NewResponse
    response_id: str
    expected: int | None
    reference: str | None = None
    sight: Sight = WHOLE_SIGHT

    def choose_id(self, write: Write) -> str:  # noqa: ARG002 - as every step
        """Return the id of the response."""
        return self.response_id

    def take(self, write: Write, response_id: str, references: References) -> Done:
        """Do the update."""
        seen = _with_sight(write, self.sight)
        as_update = replace(seen, access=replace(seen.access, action="U"))
        new = _referring(self.new, references)
        return Done(update_in(as_update, response_id, self.expected, new), STORED_ALREADY)


@repeat_lost_races
def record_together(deployment: Deployment, steps: Sequence[Step], access: Access) -> list[Done]:
    """Return what every step gave, in order; raises ``StepsRefused`` where one is refused."""
    with deployment.database.write() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        refusals: dict[int, RequestRefused] = {}
        ids = {}
        for place, step in enumerate(steps):
            try:
                ids[place] = step.choose_id(write)
            except RequestRefused as refused:
                refusals[place] = refused
        named = [(steps[place].reference, response_id) for place, response_id in ids.items()]
        references = {name: f"QuestionnaireResponse/{response_id}" for name, response_id in named if name}
        done = []
        for place, response_id in ids.items():
            try:
                done.append(steps[place].take(write, response_id, references))
            except RequestRefused as refused:
                refusals[place] = refused
        if refusals:
            raise StepsRefused(refusals)
        return done


def _with_sight(write: Write, sight: Sight) -> Write:
    """Return the write with what is in sight for one step: each has a right of its own."""
    return replace(write, access=replace(write.access, sight=sight))


def _match(write: Write, condition: tuple[tuple[str | None, str | None], ...]) -> ResponseVersion | None:
    """Return the stored response that carries one of these identifiers; raises ``ManyMatches``."""
    if not condition:
        return None
    for value in sorted({value for _, value in condition if value}):
        lock_identifier(write.tx, write.clinic, value)
    carries = PairOneOf(("identifier_system", "identifier_value"), condition)
    conditions = [carries, *write.access.sight.conditions_on("response")]
    places = find_places(write.tx, write.clinic, "response", conditions, Page(2))
    if len(places) > 1:
        raise ManyMatches("The condition matches several responses.", at="If-None-Exist")
    rows = [place.owner_row for place in places]
    return versions_by_row(write.tx, rows)[rows[0]] if rows else None


def _referring(new: NewResponse, references: References) -> NewResponse:
    """Return the response with references to others of the same request as they are from now on."""
    resource = json_text.loads(new.body)
    if not references_in(resource) & references.keys():
        return new
    return replace(new, body=json_text.dumps(replace_references(resource, references)))
