"""What every flow works with, and who is asking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from fhir_mappings.codes import Names
from fhir_mappings.elements import Json
from fhir_mappings.extra_codings import NO_EXTRA_CODINGS, snomed_score_codings
from fhir_mappings.form_map import FormMap
from fhir_mappings.instrument import Instrument
from service.alliance.norms import Norm
from service.alliance.parameters import Parameters
from service.alliance.plan import MeasuringPlan, default_plan
from service.callers import DEFAULT_CLINIC
from service.clock import Clock, as_instant
from service.ehr.profile import Profile
from service.ehr.profile_file import DEFAULT, load_profile
from service.figures import Figures
from service.flows.list_places import ListPlaces
from service.settings import Settings
from service.store.database import Database, Tx
from service.store.sight import WHOLE_SIGHT, Sight

Action = Literal["C", "R", "U", "D", "E"]  # AuditEvent.action: create, read, update, delete, execute


@dataclass(frozen=True, slots=True)
class Deployment:
    """One clinic of a running service: the database, its settings, instruments, norms. Handed to every flow.

    ``instruments`` are those that the doors take; ``known`` are those that stored responses may be of, the
    ones that are off among them. ``plan`` says which measure is due when; ``form_maps`` are the EHR's own
    forms by the id of the instrument; ``ehr_profile`` is what is known of the EHR's vendor. ``figures``
    is what this process counts; ``places`` are those in this clinic's lists.
    """

    database: Database
    settings: Settings
    names: Names
    instruments: Mapping[str, Instrument]
    known: Mapping[str, Instrument]
    norms: Mapping[str, Norm]
    parameters: Parameters
    clock: Clock
    plan: MeasuringPlan = field(default_factory=default_plan)
    form_maps: Mapping[str, FormMap] = field(default_factory=dict)
    ehr_profile: Profile = field(default_factory=lambda: load_profile(DEFAULT))
    clinic: str = DEFAULT_CLINIC
    figures: Figures = field(default_factory=Figures)
    places: ListPlaces = field(init=False)

    def __post_init__(self) -> None:
        """Keep the way to this clinic's rows alone, whatever database was given."""
        object.__setattr__(self, "database", self.database.of(self.clinic))
        object.__setattr__(self, "places", ListPlaces(self.database, self.clinic))

    @property
    def extra_codings(self) -> Mapping[str, Json]:
        """Return the codes of others that stand beside ours, by our code."""
        return snomed_score_codings() if self.settings.snomed_codes else NO_EXTRA_CODINGS


@dataclass(frozen=True, slots=True)
class Access:
    """One request, as the audit keeps it (ids and route templates only), and how far its caller reaches.

    ``address`` is whence it came in the network, '' where from nowhere: a command, the worker. ``sight`` is
    what of the clinic is in reach for what the route does; ``person`` is the Practitioner whom the credential
    names, None where it names nobody, and ``also`` are further references of theirs; ``person_name`` is what
    the credential calls whoever else is behind the caller, or ''. ``told_alerts``: whether tiers, prompts and
    alerts may be told beside what is asked for. ``refused`` is why it came to nothing, in a word of ours.
    """

    clinic: str
    caller: str
    route: str
    action: Action
    request_id: str
    address: str = ""
    sight: Sight = WHOLE_SIGHT
    person: str | None = None
    also: tuple[str, ...] = ()
    person_name: str = ""
    told_alerts: bool = True
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Write:
    """One write transaction under way, and whose it is: what every step of a writing flow needs."""

    tx: Tx
    deployment: Deployment
    access: Access
    moment: datetime

    @property
    def clinic(self) -> str:
        """The clinic that is written for."""
        return self.access.clinic

    @property
    def now(self) -> str:
        """The moment of the write, as stored."""
        return as_instant(self.moment)
