"""What a trend picture shows, before anything is drawn."""

from dataclasses import dataclass
from datetime import date

from fhir_mappings.instrument import Perspective
from service.alliance.baseline import Interval, Tier
from service.alliance.phrases import DEFAULT_LANGUAGE
from service.alliance.session_names import SessionName
from service.alliance.words import number


@dataclass(frozen=True, slots=True)
class PicturePoint:
    """One rating. ``usual`` is the usual range before it, None where it was not judged.

    ``after_gap``: no line is drawn from the point before; ``starts_anew``: what began here ("new therapist"),
    drawn as an upright line before the point; empty for an ordinary one.
    """

    session_number: int | None
    session_date: date
    value: float
    usual: Interval | None = None
    tier: Tier | None = None
    after_gap: bool = False
    starts_anew: str = ""

    @property
    def session(self) -> SessionName:
        """Return by what people know its session."""
        return SessionName(self.session_number, self.session_date)


@dataclass(frozen=True, slots=True)
class Trace:
    """The ratings of one perspective in therapy order; ``usual_next`` is the next one's usual range."""

    name: str
    perspective: Perspective
    points: tuple[PicturePoint, ...]
    usual_next: Interval | None = None


@dataclass(frozen=True, slots=True)
class CutOffLine:
    """A check-in or clinical line across a panel, never an alert: ``(36, "check-in below 36")``."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One measure's scale with one or more traces; ``minimum`` and ``maximum`` are the scale's ends.

    ``remark`` stands beside the title. ``open_since`` is the session whose alert still asks for attention;
    ``repairs`` are the days on which a person recorded a repair.
    """

    title: str
    minimum: float
    maximum: float
    traces: tuple[Trace, ...]
    cut_off: CutOffLine | None = None
    places: int = 1
    remark: str = ""
    open_since: PicturePoint | None = None
    repairs: tuple[date, ...] = ()

    @property
    def points(self) -> tuple[PicturePoint, ...]:
        """Return the points of all its traces."""
        return tuple(point for trace in self.traces for point in trace.points)

    def told(self, value: float) -> str:
        """Return a value with the panel's decimal places."""
        return number(value, self.places)


@dataclass(frozen=True, slots=True)
class MissedAppointment:
    """An appointment that the client did not come to."""

    day: date
    cancelled_late: bool


@dataclass(frozen=True, slots=True)
class TrendPicture:
    """A whole picture. ``footnotes`` are sentences below it, such as coverage and the norm's status.

    ``missed`` come in the order of their days. ``language`` is that of all words that are not given here.
    """

    title: str
    panels: tuple[Panel, ...]
    footnotes: tuple[str, ...] = ()
    missed: tuple[MissedAppointment, ...] = ()
    language: str = DEFAULT_LANGUAGE
