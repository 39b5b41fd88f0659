"""Fetch the forms that were filled in the EHR since the last time, and take in each.

How far we have read goes by the EHR's own clock (``meta.lastUpdated``), and every pass begins a little before
it: clocks differ, and what was committed first may be found last. What comes twice is known by its version.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from fhir_mappings import json_text
from fhir_mappings.form_names import form_canonical
from service.ehr.client import Found
from service.errors import EhrError, EhrSilent, LeaseLost
from service.flows.choose_form_maps import fingerprint_of_forms
from service.flows.deployment import Deployment
from service.flows.intake import FORM, Came, Intake
from service.flows.reach import Reach, query_since
from service.flows.take_in_response import take_in
from service.store.inbound import PARKED, TAKEN, list_due, move_cursor, read_all_again, read_cursor

PAGE = 50
# A longer query is cut off by some servers and gateways: then all forms are fetched, and ours chosen here.
_LONGEST_FILTER = 5000
# So many times in a pass an answer is waited for in vain: one record may be too large, or the EHR is away.
_MOST_SILENT = 3
_BEGINNING = "1970-01-01T00:00:00Z"
NO_SEARCH = (
    "the EHR declares no search of QuestionnaireResponse by _lastUpdated:"
    " forms that are filled there are not taken in"
)


@dataclass(frozen=True, slots=True)
class Polled:
    """What a pass took in, and how many need a person."""

    taken: int = 0
    parked: int = 0

    def plus(self, became: str) -> "Polled":
        """Return the same with one more form that became this."""
        return Polled(self.taken + (became == TAKEN), self.parked + (became == PARKED))


def poll_ehr(intake: Intake) -> Polled:
    """Return what one pass took in: first what is to be tried again, then what is new or changed in the EHR.

    Raises ``EhrError``; what was taken before stays, and the next pass goes on from there.
    """
    _start_again_where_forms_changed(intake)
    polled = try_again(intake)
    search = intake.client.capabilities().of(FORM).search_params
    if "_lastUpdated" not in search:
        _tell(intake, NO_SEARCH)
        intake.log.event("inbound_not_offered", ehr=intake.ehr, reason=NO_SEARCH)
        return polled
    progress = _Progress(intake)
    for page in intake.client.pages(FORM, _query(intake, progress.began, by_form="questionnaire" in search)):
        for found in page:
            polled = polled.plus(take_in(intake, progress.next(found)))
            intake.still()
        progress.end_page()
    progress.end()
    return polled


def try_again(intake: Intake) -> Polled:
    """Return what became of all that waits to be tried again.

    Raises ``EhrUnreachable``, and ``EhrSilent`` where the EHR went silent over several of them.
    """
    polled, silent = Polled(), 0
    for came in _due(intake):
        try:
            polled = polled.plus(take_in(intake, came))
        except LeaseLost:
            continue  # a person decided meanwhile
        except EhrSilent:
            silent += 1
            if silent == _MOST_SILENT:
                raise
    return polled


def note_trouble(intake: Intake, error: EhrError) -> None:
    """Keep for whoever asks after our health that the last pass did not reach its end."""
    _tell(intake, f"the last look for forms in the EHR failed: {error.code}")


def canonicals_polled(deployment: Deployment) -> tuple[str, ...]:
    """Return the canonicals of all forms that are taken: ours and the clinic's wordings, and the EHR's own.

    Each with and without its version, since servers differ in what a url alone finds.
    """
    own = [
        form_canonical(one, deployment.names, wording)
        for one in deployment.instruments.values()
        for wording in (None, *(form.version for form in one.clinic_forms))
    ]
    mapped = [
        one.questionnaire for one in deployment.form_maps.values() if one.instrument in deployment.instruments
    ]
    return tuple(dict.fromkeys(form for one in (*own, *mapped) for form in (one.partition("|")[0], one)))


class _Progress:
    """How far a pass has read; the cursor follows form by form while the EHR keeps the order asked for."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        with intake.deployment.database.read() as tx:
            until = read_cursor(tx, intake.clinic, intake.ehr).read_until
        self.began = self._kept = until
        self._reach = Reach(until)

    def next(self, found: Found) -> Came:
        """Return a form as it came, with how far the EHR is read by it."""
        at = self._reach.see(found)
        body = json_text.dumps(found.resource)
        version = found.place.version or at or sha256(body).hexdigest()
        return Came(found.place.id, version, dict(found.resource), body, self._reach.sure)

    def end_page(self) -> None:
        """Move the cursor past what needed no transaction of its own."""
        self._intake.still()
        until = self._reach.sure
        if until > self._kept:
            self._move(read_until=until)
            self._kept = until

    def end(self) -> None:
        """Move the cursor past everything, and note that the pass went well."""
        intake = self._intake
        self._move(read_until=self._reach.newest, trouble="", polled_at=intake.now())

    def _move(self, **values: str) -> None:
        with self._intake.deployment.database.write() as tx:
            move_cursor(tx, self._intake.clinic, self._intake.ehr, **values)


def _query(intake: Intake, until: str, *, by_form: bool) -> dict[str, str]:
    query = query_since(until, _BEGINNING, PAGE)
    forms = ",".join(canonicals_polled(intake.deployment))
    return query | ({"questionnaire": forms} if by_form and len(forms) <= _LONGEST_FILTER else {})


def _due(intake: Intake) -> Iterator[Came]:
    after = 0
    while True:
        with intake.deployment.database.read() as tx:
            rows = list_due(tx, intake.clinic, intake.ehr, after, PAGE)
        for row in rows:
            yield Came(row.ehr_id, row.ehr_version, json_text.loads(row.body), row.body, row=row)
        if len(rows) < PAGE:
            return
        after = rows[-1].row


def _start_again_where_forms_changed(intake: Intake) -> None:
    """Read the EHR from the beginning where other forms or maps hold now; what is known is passed by."""
    forms = fingerprint_of_forms(intake.deployment)
    with intake.deployment.database.read() as tx:
        kept = read_cursor(tx, intake.clinic, intake.ehr).forms
    if kept != forms:
        with intake.deployment.database.write() as tx:
            read_all_again(tx, intake.clinic, intake.ehr, forms, intake.now())


def _tell(intake: Intake, trouble: str) -> None:
    with intake.deployment.database.write() as tx:
        move_cursor(tx, intake.clinic, intake.ehr, trouble=trouble, polled_at=intake.now())
