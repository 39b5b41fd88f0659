"""The rows of one patient in the flat tables that reports are made from (service/reporting/tables.py)."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from fhir_mappings import json_text
from service.alliance.attendance import SessionSeen, merge_sessions
from service.flows.alert_evidence import level_of
from service.flows.dyad_sessions import DyadSessions, sort_sessions
from service.flows.judge_dyad import JUDGED_SCALE
from service.flows.report_forms import ReportForm
from service.store.alerts import AlertRow
from service.store.attendance import AttendanceRow
from service.store.patient_ratings import PatientRating
from service.store.report_rows import AlertStory, ReportedDyad, ReportedPatient
from service.store.treatment_ends import TreatmentEnd

FlatRows = dict[str, list[dict[str, Any]]]
# As in service/alliance: the first sessions of a therapy.
_FIRST = 3
_NOTICES = ("opened", "raised", "again")
_REPORTED = "reported"
_NO_ALERT = ("withdrawn", "entered-in-error")
_MENDED = ("repaired", "closed-by-scores")


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """All that a patient's rows are made from; ratings and appointments in therapy order, ends by date."""

    patient: ReportedPatient
    ratings: Sequence[PatientRating]
    appointments: Sequence[AttendanceRow]
    alerts: Sequence[AlertStory]
    ends: Sequence[TreatmentEnd]


@dataclass(frozen=True, slots=True)
class RowRules:
    """By what rows are made: whose they are, the instruments, and when a series is rich (in ratings)."""

    clinic: str
    forms: Mapping[str, ReportForm]
    rich_ratings: int


def flat_rows(facts: PatientFacts, rules: RowRules) -> FlatRows:
    """Return the rows of one patient by table."""
    rows: FlatRows = {}
    sessions = sort_sessions(facts.ratings, facts.appointments, facts.ends)
    known = {one.therapist: one for one in facts.patient.dyads}
    for therapist, of_dyad in sessions.items():
        dyad = known.get(therapist) or ReportedDyad(0, therapist, None, None, None)
        one = _Dyad(
            rules=rules,
            patient=facts.patient.key,
            dyad=dyad,
            sessions=of_dyad,
            ratings=[row for row in facts.ratings if row.therapist == therapist],
            appointments=[row for row in facts.appointments if row.therapist == therapist],
            alerts=[row for row in facts.alerts if row.current.dyad_row == dyad.row],
        )
        for table, made in one.rows():
            rows.setdefault(table, []).extend(made)
    return rows


@dataclass(slots=True)
class _Session:
    """One session of a dyad, as far as its rows were read."""

    number: int
    session_date: str
    place: int | None = None
    rated: bool = False
    in_time: bool = False
    attended: bool = False
    prompts: int = 0


@dataclass(slots=True)
class _Dyad:
    """One dyad under way to its rows."""

    rules: RowRules
    patient: str
    dyad: ReportedDyad
    sessions: DyadSessions
    ratings: Sequence[PatientRating]
    appointments: Sequence[AttendanceRow]
    alerts: Sequence[AlertStory]
    _numbers: Mapping[str, int] = field(default_factory=dict)
    _seen: dict[int, _Session] = field(default_factory=dict)
    # What every row has: whose it is, and with what it may be grouped by.
    _whose: Mapping[str, Any] = field(init=False)
    _groups: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        """Draw the numbers once: a dyad has hundreds of rows."""
        patient, dyad = f"{self.rules.clinic}|{self.patient}", self.dyad
        of_patient = patient_number(self.rules.clinic, self.patient)
        self._whose = {"dyad": _number(f"{patient}|{dyad.therapist}"), "patient": of_patient}
        names = ("site", "team", "approach", "therapist")
        self._groups = {**self._whose, **{name: getattr(dyad, name) for name in names}}

    def rows(self) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
        """Give the rows of each table; the order matters, since sessions are known once ratings are."""
        came = [row for row in self.appointments if row.status == "attended"]
        self._numbers = merge_sessions([*map(_seen, self.ratings), *map(_seen, came)])
        for rating in self.ratings:
            self._take(rating)
        for appointment in came:
            self._take(appointment)
        yield "responses", [self._response(row, before) for row, before in self._with_previous_total()]
        yield "scores", [one for nth, row in enumerate(self.ratings) for one in self._scores(row, nth)]
        yield "sessions", self._session_rows()
        yield "attendance", [self._appointment(row) for row in self.appointments]
        yield "alerts", [self._alert(story) for story in self.alerts]
        yield "alert_states", [one for story in self.alerts for one in _states(story)]
        yield "alert_acts", [one for story in self.alerts for one in _acts(story)]
        yield "dyads", [self._dyad_row()]

    def _take(self, row: PatientRating | AttendanceRow) -> None:
        number = self._numbers[row.id]
        session = self._seen.setdefault(number, _Session(number, row.session_date))
        session.session_date = min(session.session_date, row.session_date)
        if isinstance(row, AttendanceRow):
            session.attended = True
            place = self.sessions.recorded.places.get(row.id) if self.sessions.recorded else None
        else:
            place = self.sessions.place_of(row)
            is_rated = self._is_rated(row)
            session.rated |= is_rated
            session.in_time |= is_rated and not row.historical
        session.place = place if session.place is None else session.place

    def _is_rated(self, row: PatientRating) -> bool:
        is_alliance = self.rules.forms[row.instrument].instrument.role == "alliance"
        return is_alliance and any(value is not None for value in row.scores.values())

    def _with_previous_total(self) -> Iterator[tuple[PatientRating, Decimal | None]]:
        last: dict[str, Decimal | None] = {}
        for row in self.ratings:
            yield row, last.get(row.instrument)
            total = row.scores.get(JUDGED_SCALE)
            if total is not None:
                last[row.instrument] = total

    def _session(self, number: int | None) -> dict[str, Any]:
        session = None if number is None else self._seen.get(number)
        if session is None:
            return {"session": None, "session_date": None, "place": None}
        return {"session": number, "session_date": session.session_date, "place": session.place}

    def _form(self, row: PatientRating) -> dict[str, Any]:
        instrument = self.rules.forms[row.instrument].instrument
        return {
            "instrument": row.instrument,
            "role": instrument.role,
            "perspective": row.perspective,
            "language": row.language,
        }

    def _response(self, row: PatientRating, before: Decimal | None) -> dict[str, Any]:
        form = self.rules.forms[row.instrument]
        answers = form.answers(row)
        prompts = form.prompts(row, answers, before)
        self._seen[self._numbers[row.id]].prompts += prompts
        return {
            "response": row.id,
            **self._groups,
            **self._session(self._numbers[row.id]),
            **self._form(row),
            "version": row.version,
            "status": row.status,
            "complete": bool(row.scores) and None not in row.scores.values(),
            "historical": row.historical,
            "received_at": _utc(row.received_at),
            "prompts": prompts,
            "lowest_mark": form.lowest_mark(answers),
        }

    def _scores(self, row: PatientRating, nth: int) -> Iterator[dict[str, Any]]:
        form = self.rules.forms[row.instrument]
        shared = {
            "response": row.id,
            **self._groups,
            **self._session(self._numbers[row.id]),
            **self._form(row),
            "measure": form.measure,
            "nth": nth,
        }
        rules = form.instrument.score_by_id
        for part, value in row.scores.items():
            if value is not None and part in rules:
                yield shared | {
                    "score": part,
                    "code": form.instrument.code(part),
                    "value": value,
                    "minimum": rules[part].minimum,
                    "maximum": rules[part].maximum,
                    "at_ceiling": value >= rules[part].maximum,
                    "below_cut_off": form.is_below(part, value, row.age_years),
                }

    def _session_rows(self) -> Iterator[dict[str, Any]]:
        rated = sorted((one for one in self._seen.values() if one.rated), key=lambda one: one.number)
        days = {
            later.number: (_day(later.session_date) - _day(earlier.session_date)).days
            for earlier, later in pairwise(rated)
        }
        for number, one in sorted(self._seen.items()):
            yield {
                **self._groups,
                **self._session(number),
                "rated": one.rated,
                "in_time": one.in_time,
                "attended": one.attended,
                "prompts": one.prompts,
                "days_since_rated": days.get(number),
            }

    def _appointment(self, row: AttendanceRow) -> dict[str, Any]:
        session = self._session(self._numbers.get(row.id)) | {"session_date": row.session_date}
        return {"appointment": row.id, **self._whose, **session, "status": row.status}

    def _alert(self, story: AlertStory) -> dict[str, Any]:
        row, told = story.current, _told(story)
        session = self._session(self._numbers.get(told.rating))
        if session["session"] is None:
            session = self._session(self._numbers.get(row.opened_by)) | {"session_date": row.session_date}
        levels = [level_of(one) for one in json_text.loads(row.evidence)]
        return {
            "alert": row.id,
            **self._groups,
            **session,
            "instrument": row.series,
            "evidence_level": min(levels, default="D"),
            "severity": row.severity,
            "rule": row.rule,
            "status": row.status,
            "score_course": row.score_course,
            "historical": row.historical,
            "raised_at": _utc(row.raised_at),
            "told_at": _utc(told.at),
            "first_act_at": _utc(min((act["at"] for act in story.acts), default=None)),
            "ended_at": _utc(row.ended_at),
            "repair_steps": sum(act["act"] == "repair-steps" for act in story.acts),
            "notices": sum(one["news"] in _NOTICES and one["rule"] != _REPORTED for one in story.versions),
            "sessions_to_repair": self._sessions_to_repair(row, str(session["session_date"])),
        }

    def _sessions_to_repair(self, row: AlertRow, told_on: str) -> int | None:
        if row.status != "repaired" or row.ended_at is None:
            return None
        return sum(told_on < one.session_date <= row.ended_at[:10] for one in self._seen.values())

    def _dyad_row(self) -> dict[str, Any]:
        days, end = [one.session_date for one in self._seen.values()], self.sessions.end
        return {
            **self._groups,
            "first_session_date": min(days, default=None),
            "last_session_date": max(days, default=None),
            **self._coverage(),
            "strain": self._strain(),
            "ended_on": None if end is None else end.ended_on,
            "end_reason": None if end is None else end.reason,
        }

    def _coverage(self) -> dict[str, int | None]:
        places = {self.sessions.place_of(row) for row in self.ratings if self._is_rated(row)}
        attended, known = self.sessions.attended, sorted(place for place in places if place is not None)
        names = (
            "attended",
            "rated_attended",
            "first_attended",
            "first_rated",
            "rich_attended",
            "rich_missing",
        )
        if attended is None or None in places:
            return dict.fromkeys(names)
        rich_from = known[self.rules.rich_ratings - 1] if len(known) >= self.rules.rich_ratings else None
        after = None if rich_from is None else attended - rich_from
        missing = after and after - sum(place > (rich_from or 0) for place in known)
        first_rated = sum(place <= _FIRST for place in known)
        return dict(
            zip(
                names, (attended, len(known), min(_FIRST, attended), first_rated, after, missing), strict=True
            )
        )

    def _strain(self) -> str:
        had = [story.current for story in self.alerts if story.current.status not in _NO_ALERT]
        real = [row for row in had if not row.historical and row.status != "dismissed"]
        if any(row.status not in _MENDED and row.score_course != "recovered" for row in real):
            return "unrepaired"
        return "other" if had else "none"


@dataclass(frozen=True, slots=True)
class _Told:
    """When people were first told of an alert, and by which rating."""

    at: str
    rating: str


def _told(story: AlertStory) -> _Told:
    """Return when an alert was news: one that was historical before, not until a live rating raised it."""
    row = story.current
    opened = next((n for n, one in enumerate(story.versions) if one["news"] == "opened"), 0)
    if not any(one["historical"] for one in story.versions[:opened]):
        return _Told(row.raised_at, row.opened_by)
    version = story.versions[opened]
    return _Told(version["believed_from"], version["notice"].rpartition(":")[2])


def patient_number(clinic: str, key: str) -> int:
    """Return the number of a patient in flat tables."""
    return _number(f"{clinic}|{key}")


def _number(name: str) -> int:
    """Return 63 bits drawn from a name: two of a million meet once in ten million clinics."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) >> 1


def _seen(row: PatientRating | AttendanceRow) -> SessionSeen:
    return SessionSeen(row.id, _day(row.session_date), row.session_number, row.encounter)


def _states(story: AlertStory) -> Iterator[dict[str, Any]]:
    for one in story.versions:
        yield {
            "alert": one["id"],
            "version": one["version"],
            "from_at": _utc(one["believed_from"]),
            "until_at": _utc(one["believed_until"]),
            **{name: one[name] for name in ("status", "score_course", "severity", "news")},
        }


def _acts(story: AlertStory) -> Iterator[dict[str, Any]]:
    for one in story.acts:
        shown = {"alert": one["alert_id"], "version": one["alert_version"], "at": _utc(one["at"])}
        yield shown | {"act": one["act"], "step": one["step"]}


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _utc(instant: str | None) -> str | None:
    """Return an instant as a time of no zone, which is UTC in every flat table."""
    return None if instant is None else instant.removesuffix("Z")
