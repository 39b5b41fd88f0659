"""How much of a clinic's rows one request may reach, and the condition that says so in every query.

A sight is a union: each *part* comes from one scope. What no part holds is as if it were not there: not
found, not counted, on no page.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from service.store.conditions import AnyOf, Condition, OfPatient, OfTherapist, OneOf
from service.store.views import VIEWS, Kind


@dataclass(frozen=True, slots=True)
class Part:
    """What one scope reaches; an absent field narrows nothing.

    ``patients`` are the references that mean one patient, ``therapists`` those that mean one person, who may
    have dyads under each of their roles; ``perspectives`` are those of the forms; ``conditions`` are a
    granular scope's own.
    """

    patients: tuple[str, ...] | None = None
    therapists: tuple[str, ...] | None = None
    perspectives: tuple[str, ...] | None = None
    conditions: tuple[Condition, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether it narrows nothing."""
        return self == _WHOLE

    def conditions_on(self, kind: Kind) -> tuple[Condition, ...]:
        """Return what must hold of a thing of this kind."""
        found = list(self.conditions)
        if self.patients is not None:
            found.append(OfPatient(self.patients))
        if self.therapists is not None:
            found.append(OfTherapist(self.therapists))
        if self.perspectives is not None and "perspective" in VIEWS[kind].columns:
            found.append(OneOf("perspective", self.perspectives))
        return tuple(found)

    def narrowed_by(self, other: "Part") -> "Part | None":
        """Return what both reach; None where that can be nothing."""
        therapists = [one.therapists for one in (self, other) if one.therapists is not None]
        both = tuple(name for name in therapists[0] if name in therapists[-1]) if therapists else None
        if both == ():
            return None
        if self.patients and other.patients and self.patients != other.patients:
            return None
        forms = [one.perspectives for one in (self, other) if one.perspectives is not None]
        return Part(
            patients=self.patients or other.patients,
            therapists=both,
            perspectives=tuple(name for name in forms[0] if name in forms[-1]) if forms else None,
            conditions=(*self.conditions, *other.conditions),
        )


_WHOLE = Part()


@dataclass(frozen=True, slots=True)
class Sight:
    """A union of parts; none at all reaches nothing."""

    parts: tuple[Part, ...] = (_WHOLE,)

    @property
    def is_whole(self) -> bool:
        """Whether it reaches everything of the clinic."""
        return any(part.is_whole for part in self.parts)

    def conditions_on(self, kind: Kind) -> tuple[Condition, ...]:
        """Return what every query for things of this kind must ask for; nothing where all is reached."""
        if self.is_whole:
            return ()
        return (AnyOf(tuple(part.conditions_on(kind) for part in self.parts)),)

    def narrowed_by(self, other: "Sight") -> "Sight":
        """Return what both reach."""
        if other.is_whole:
            return self
        if self.is_whole:
            return other
        both = (one.narrowed_by(two) for one in self.parts for two in other.parts)
        return Sight(tuple(part for part in both if part is not None))

    def without_granular(self) -> "Sight":
        """Return what is left where a thing is made of many: a granular scope cannot be held to there."""
        return Sight(tuple(part for part in self.parts if not part.conditions))

    def reaches(self, therapist: str, perspective: str | None = None) -> bool:
        """Tell whether what is of this therapist, and of a form of this perspective, is in sight.

        Whose it is must have been asked before (``flows/keep_in_sight.py``).
        """
        return any(
            (part.therapists is None or therapist in part.therapists)
            and (perspective is None or part.perspectives is None or perspective in part.perspectives)
            for part in self.parts
        )

    def takes(self, patient: str, therapist: str, perspective: str | None) -> bool:
        """Tell whether something about these may be written; references as they are kept here."""
        whole = self.without_granular().parts
        of_patient = tuple(one for one in whole if one.patients is None or patient in one.patients)
        return Sight(of_patient).reaches(therapist, perspective)


WHOLE_SIGHT = Sight()


def join_sights(sights: Sequence[Sight]) -> Sight:
    """Return what all of these reach."""
    found = WHOLE_SIGHT
    for one in sights:
        found = found.narrowed_by(one)
    return found
