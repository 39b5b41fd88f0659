"""One alert per dyad, updated, not repeated: what a clinician is told, and what the scores did after.

* None open: a possible or marked rating opens an episode (notice *opened*).
* Open (course *low*): recovery is tested first, and only on the series that opened it. Else a further signal
  of that series raises severity one step, or to the rating's own tier if higher (notice *raised*, only if it
  changed). After ``recovery_window`` ratings without recovery the course is *not-recovered*: kept, silent.
* Not recovered: a later recovery closes it late; a new signal of its series gives notice *again* and judges
  recovery anew from that rating, at its tier.
* A signal of another series, in either course, adds evidence and raises severity at most to its own tier.
* After closing by scores, ratings open nothing unless a tier is above the closed severity, until any one
  series has had ``cooldown`` ratings. (Were it the closing series alone, a form no longer given would silence
  the others.)
* A person's word counts from its place on: after *resolved* (mended or not) the next signal opens an episode
  of its own, without cool-down; after *dismissed* a series stays silent until it has a rating with
  ``z < recovery_z``, and where that is the series that opened it, the cool-down begins.

What a person reports (``Reported``) opens an episode of its own, whatever was closed or dismissed before, or
adds evidence to the one that is open: it raises severity as a signal of another series does, and gives notice
*again* where the course was *not-recovered*. Scores never close a reported episode: a later report of the
same form that gives the strain as resolved does, without a cool-down. While none comes, the course turns
*not-recovered* after as many ratings, and the next signal of any series gives notice *again*.

Recovery: ``z < recovery_z`` and at least ``recovery_share`` of the fall regained. It says that the score is
back in the usual range, never that a strain is mended: only a person can say so.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from service.alliance.baseline import Tier
from service.alliance.events import Event, Rated, Reported, Settlement, Severity
from service.alliance.parameters import Parameters

Course = Literal["low", "recovered", "not-recovered"]
NoticeKind = Literal["opened", "raised", "again"]
_RANK: dict[Tier | None, int] = {None: 0, "watch": 1, "possible": 2, "marked": 3}


@dataclass(frozen=True, slots=True)
class Notice:
    """What a clinician is told at one rating: the severity from then on, and whether it is news.

    ``judged_from`` is the key of the rating whose fall must be regained (``opened_by``, or the last *again*).
    """

    key: str
    kind: NoticeKind
    severity: Severity
    judged_from: str
    historical: bool


@dataclass(frozen=True, slots=True)
class Episode:
    """One run of low scores in a dyad; all references are keys of ratings.

    ``recovered_by``: the rating at which scores were back (None while they are not); ``repaired_by``: the
    same, but only when it came within the recovery window of ``judged_from``. It is what scores did: a person
    alone records a repair. ``evidence``: every rating that signalled, other series included, in dyad order.
    ``live_from``: the first notice that was news, or None while only historical ratings raised it. What
    scores did after a person's word is told in ``course`` alone.
    """

    opened_by: str
    series: str
    severity: Severity
    course: Course
    judged_from: str
    recovered_by: str | None
    repaired_by: str | None
    evidence: tuple[str, ...]
    notices: tuple[Notice, ...]

    @property
    def live_from(self) -> str | None:
        """Return the rating whose notice was the first that is news, or None."""
        return next((notice.key for notice in self.notices if not notice.historical), None)

    @property
    def historical(self) -> bool:
        """Return whether only historical ratings opened, raised or raised it again."""
        return self.live_from is None

    def repaired_after(self, notice: Notice) -> str | None:
        """Return the rating that recovered in time from what this notice told, or None."""
        return self.repaired_by if notice.judged_from == self.judged_from else None


@dataclass(frozen=True, slots=True)
class Live:
    """The episode that is under way: what the next rating is held against.

    ``value`` and ``fall`` are those of the rating from which recovery is judged, ``since`` counts the ratings
    of its series after that one. ``reported``: a report opened it, and its ``since`` counts the ratings of
    every series; there is no fall then that scores could regain.
    """

    series: str
    reported: bool
    severity: Severity
    course: Course
    since: int
    value: float
    fall: float | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where following a dyad stands: all that its next rating needs, however many there were.

    ``cooling`` counts ratings of each series since the last episode closed, at ``closed_at`` severity; None:
    nothing is quiet. CAUTION: it knows nothing of what people settled; where they did, the dyad is to be
    followed whole.
    """

    live: Live | None = None
    cooling: Mapping[str, int] | None = None
    closed_at: Severity | None = None


NOTHING_YET = Standing()


@dataclass(frozen=True, slots=True)
class Followed:
    """The episodes of a dyad in the order they opened, and where following it stands after all ratings."""

    episodes: tuple[Episode, ...]
    standing: Standing


def follow_dyad(
    events: Sequence[Event], parameters: Parameters, settlements: Collection[Settlement] = ()
) -> tuple[Episode, ...]:
    """Return the episodes of one dyad in the order they opened; only the last can still be live.

    ``events`` hold all judged series and reports of the dyad together, in therapy order. Sorting is the
    caller's; given that, the order of arrival does not matter, and a later one never changes an earlier
    notice. ``settlements`` are what people said of episodes, in any order.
    """
    return follow_whole(events, parameters, settlements).episodes


def follow_whole(
    events: Sequence[Event], parameters: Parameters, settlements: Collection[Settlement] = ()
) -> Followed:
    """Return what ``follow_dyad`` does, and where it stands at the end."""
    follower = _Follower(parameters, NOTHING_YET)
    for event in events:
        follower.hear([one for one in settlements if one.after < event.place])
        follower.take(event)
    return Followed(follower.episodes(), follower.standing())


def follow_quietly(standing: Standing, event: Event, parameters: Parameters) -> Standing | None:
    """Return where following stands after one more event, or None where it changes an episode.

    Then the dyad is to be followed whole: opening, evidence, severity, course or an end is told with all that
    led to it.
    """
    follower = _Follower(parameters, standing)
    follower.take(event)
    return None if follower.moved else follower.standing()


@dataclass(slots=True)
class _Growing:
    """An episode while its dyad is being followed; one resumed from a standing does not know its past."""

    opened_by: str
    series: str
    judged_from: str
    value: float
    fall: float | None
    severity: Severity
    reported: bool
    since: int = 0
    course: Course = "low"
    recovered_by: str | None = None
    repaired_by: str | None = None
    evidence: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def tell(self, event: Event, kind: NoticeKind, severity: Severity) -> None:
        self.severity = severity
        self.notices.append(Notice(event.key, kind, severity, self.judged_from, event.historical))

    def tell_first_news(self, event: Event) -> None:
        """Tell what adds nothing but that it is news, where all before was historical: nobody knows yet."""
        if not event.historical and all(notice.historical for notice in self.notices):
            self.tell(event, "again", self.severity)

    def judge_from(self, event: Event) -> None:
        self.judged_from = event.key
        self.value, self.fall = _low(event)
        self.since, self.course = 0, "low"

    def finished(self) -> Episode:
        return Episode(
            opened_by=self.opened_by,
            series=self.series,
            severity=self.severity,
            course=self.course,
            judged_from=self.judged_from,
            recovered_by=self.recovered_by,
            repaired_by=self.repaired_by,
            evidence=tuple(self.evidence),
            notices=tuple(self.notices),
        )


class _Follower:
    """Takes the events of one dyad one by one; ``moved`` tells whether any of them changed an episode."""

    def __init__(self, parameters: Parameters, standing: Standing) -> None:
        self._parameters = parameters
        self._all: list[_Growing] = []
        self._live = None if standing.live is None else _resumed(standing.live)
        self._cooling = None if standing.cooling is None else Counter(standing.cooling)
        self._closed_at = standing.closed_at
        self.moved = False
        # What a person settled last while scores were low, and the series that may be heard again since.
        self._settled: _Growing | None = None
        self._audible: set[str] | None = None

    def hear(self, settlements: Sequence[Settlement]) -> None:
        """Take a person's word about the live episode, where there is one."""
        live = self._live
        word = next((one.word for one in settlements if live and one.evidence & set(live.evidence)), None)
        if live is None or word is None:
            return
        self._live, self._settled = None, live
        self._audible = set() if word == "dismissed" else None

    def episodes(self) -> tuple[Episode, ...]:
        return tuple(growing.finished() for growing in self._all)

    def standing(self) -> Standing:
        cooling = None if self._cooling is None else dict(self._cooling)
        if self._live is None:
            return Standing(None, cooling, self._closed_at)
        one = self._live
        live = Live(one.series, one.reported, one.severity, one.course, one.since, one.value, one.fall)
        return Standing(live, cooling, self._closed_at)

    def take(self, event: Event) -> None:
        if isinstance(event, Reported):
            self._hear_report(event)
        elif self._live is None:
            if not self._ends_silence(event):
                self._watch(event)
        elif event.series != self._live.series:
            self._add_evidence(self._live, event)
            if self._live.reported:
                self._wait_for_report(self._live)
        else:
            self._follow(self._live, event)

    def _hear_report(self, report: Reported) -> None:
        live = self._live
        if live is None:
            if report.signal is not None:
                self._open(report, report.signal)
        elif live.reported and report.resolved and report.series == live.series:
            self.moved = True
            live.course, live.recovered_by = "recovered", report.key
            self._live = None
        else:
            self._add_evidence(live, report)

    def _open(self, event: Event, severity: Severity) -> None:
        self.moved = True
        value, fall = _low(event)
        reported = isinstance(event, Reported)
        self._live = _Growing(event.key, event.series, event.key, value, fall, severity, reported)
        self._live.evidence.append(event.key)
        self._live.tell(event, "opened", severity)
        self._all.append(self._live)
        self._cooling = self._settled = self._audible = None

    def _watch(self, rating: Rated) -> None:
        quiet_up_to = self._cool_down(rating)
        if rating.signal is None or _RANK[rating.signal] <= quiet_up_to:
            return
        if self._audible is not None and rating.series not in self._audible:
            return
        self._open(rating, rating.signal)

    def _ends_silence(self, rating: Rated) -> bool:
        """See what the scores do after a person's word; return whether a dismissed episode is over by it."""
        settled, z = self._settled, rating.judgement.z
        is_usual = z is not None and z < self._parameters.recovery_z
        if self._audible is not None and is_usual:
            self._audible.add(rating.series)
        if settled is None or rating.series != settled.series:
            return False
        settled.since += 1
        if self._has_recovered(settled, rating):
            self._mark_recovered(settled, rating)
            self._settled = None
        elif settled.since >= self._parameters.recovery_window:
            settled.course = "not-recovered"
        if self._audible is None or not is_usual:
            return False
        self._settled = self._audible = None
        self._begin_cool_down(settled)
        return True

    def _cool_down(self, rating: Rated) -> int:
        """Count a rating towards the end of the cool-down; return the rank up to which it opens nothing."""
        if self._cooling is None:
            return 0
        self._cooling[rating.series] += 1
        if self._cooling[rating.series] >= self._parameters.cooldown:
            self._cooling = None
        return _RANK[self._closed_at]

    def _add_evidence(self, live: _Growing, event: Event) -> None:
        if event.signal is None:
            return
        self.moved = True
        live.evidence.append(event.key)
        if live.course == "not-recovered" and live.reported:
            live.judge_from(event)
            live.tell(event, "again", event.signal)
        elif _RANK[event.signal] > _RANK[live.severity]:
            live.tell(event, "raised", event.signal)
        elif live.course == "not-recovered" and isinstance(event, Reported):
            live.tell(event, "again", live.severity)
        else:
            live.tell_first_news(event)

    def _wait_for_report(self, live: _Growing) -> None:
        """Count the ratings since a strain was reported; after enough of them it stays open, silent."""
        live.since += 1
        if live.since >= self._parameters.recovery_window and live.course == "low":
            self.moved = True
            live.course = "not-recovered"

    def _follow(self, live: _Growing, rating: Rated) -> None:
        live.since += 1
        if self._has_recovered(live, rating):
            self._close(live, rating)
            return
        if rating.signal is not None:
            self.moved = True
            live.evidence.append(rating.key)
            self._signal_again(live, rating, rating.signal)
        if live.since >= self._parameters.recovery_window and live.course == "low":
            self.moved = True
            live.course = "not-recovered"

    def _signal_again(self, live: _Growing, rating: Rated, signal: Severity) -> None:
        if live.course == "not-recovered":
            live.judge_from(rating)
            live.tell(rating, "again", signal)
        elif live.severity != "marked":
            # One step above possible is marked, the highest; the rating's own tier cannot be higher.
            live.tell(rating, "raised", "marked")
        else:
            live.tell_first_news(rating)

    def _has_recovered(self, live: _Growing, rating: Rated) -> bool:
        z = rating.judgement.z
        if z is None or live.fall is None or z >= self._parameters.recovery_z:
            return False
        return rating.value - live.value >= self._parameters.recovery_share * live.fall

    def _close(self, live: _Growing, rating: Rated) -> None:
        self.moved = True
        self._mark_recovered(live, rating)
        self._live = None
        self._begin_cool_down(live)

    def _mark_recovered(self, episode: _Growing, rating: Rated) -> None:
        episode.course = "recovered"
        episode.recovered_by = rating.key
        if episode.since <= self._parameters.recovery_window:
            episode.repaired_by = rating.key

    def _begin_cool_down(self, closed: _Growing) -> None:
        self._closed_at = closed.severity
        self._cooling = Counter() if self._parameters.cooldown else None


def _low(event: Event) -> tuple[float, float | None]:
    """Return from which value, and which fall, recovery is judged: no score takes back what a person said."""
    return (0.0, None) if isinstance(event, Reported) else (event.value, event.judgement.fall)


def _resumed(live: Live) -> _Growing:
    return _Growing(
        "",
        live.series,
        "",
        live.value,
        live.fall,
        live.severity,
        live.reported,
        since=live.since,
        course=live.course,
    )
