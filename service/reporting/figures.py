"""Every figure in one table: what it says, of what, and how it is counted. The docs are made from it too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from service.reporting.dimensions import OF_DYAD, OF_FORM, OF_SESSION

Family = Literal["counts", "coverage", "level", "change", "feedback", "alerts", "drop-out", "congruence"]
# count: x. share: x over m. mean: x over m, and the quartiles of ``each``. rate: 100 x over m.
Kind = Literal["count", "share", "mean", "rate", "median", "quartile", "correlation"]
HUNDRED = 100
ONCE = "1"


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that figures are counted in: a query, what it may be grouped by, and what parts it.

    A figure of a source is told for each value of its ``labels``. ``also`` are further sums over a dyad's
    rows that its parts hold. ``repeats``: values that have quartiles come often, and are kept counted.
    """

    name: str
    sql: str
    dimensions: tuple[str, ...]
    labels: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. ``x`` and ``m`` are aggregates over a dyad's rows, ``each`` what has quartiles ('': none).

    Parts are added up, so an aggregate must be a sum or a count, or ``ONCE``: a dyad counts one however many.

    ``says`` is its definition, ``n`` what its n counts, ``unit`` what its value is in.
    """

    name: str
    family: Family
    kind: Kind
    source: Source
    unit: str
    n: str
    says: str
    x: str
    m: str
    each: str = ""


_ALERT_COUNTS = "NOT historical AND status NOT IN ('withdrawn', 'entered-in-error')"
_OF_DYAD = "dyad, patient, site, team, approach, therapist"
_OF_SESSION = f"{_OF_DYAD}, session_date, place"
_LABELS = ("instrument", "perspective", "score")
# What a dyad has but one of, or an instrument: no key, and so cheaper to group by.
_ANY_OF_DYAD = ", ".join(f"any_value({one}) AS {one}" for one in _OF_DYAD.split(", ") if one != "dyad")
_RATED_BY = "measure IS NOT NULL AND score = 'total' AND value IS NOT NULL AND perspective ="

RESPONSES = Source("responses", "responses", OF_FORM)
SESSIONS = Source("sessions", "sessions", OF_SESSION, repeats=True)
SCORES = Source("scores", "(SELECT * FROM scores WHERE value IS NOT NULL)", OF_FORM, _LABELS, repeats=True)
CHANGES = Source(
    "changes",
    "(SELECT dyad, instrument, score, any_value(perspective) AS perspective,"  # noqa: S608 - ours
    f" {_ANY_OF_DYAD}, arg_max(value, nth) - arg_min(value, nth) AS value FROM scores WHERE value IS NOT NULL"
    " GROUP BY ALL HAVING count(*) > 1)",
    (*OF_DYAD, "instrument"),
    _LABELS,
    repeats=True,
)
PER_SESSION = Source(
    "per_session",
    f"(SELECT {_OF_SESSION}, in_time::INTEGER AS rated, if(in_time, prompts, 0) AS prompts,"  # noqa: S608 - ours
    " 0 AS alerts, 0 AS alerts_a, 0 AS alerts_b, 0 AS alerts_d, 0 AS notices FROM sessions"
    f" UNION ALL SELECT {_OF_SESSION}, 0, 0, ({_ALERT_COUNTS})::INTEGER AS told,"
    " if(evidence_level = 'A', told, 0), if(evidence_level = 'B', told, 0),"
    " if(evidence_level = 'D', told, 0), notices FROM alerts WHERE NOT historical)",
    OF_SESSION,
)
ALERTS = Source("alerts", f"(SELECT * FROM alerts WHERE {_ALERT_COUNTS})", (*OF_SESSION, "instrument"))  # noqa: S608 - ours
DYADS = Source("dyads", "dyads", OF_DYAD)
# What correlations are counted from, of the pairs of one dyad.
PAIR_SUMS = {
    "n": "count(*)",
    "x": "sum(value)",
    "y": "sum(other)",
    "xx": "sum(value * value)",
    "yy": "sum(other * other)",
    "xy": "sum(value * other)",
}
# The therapists' forms are fewer: they are what the clients' are looked up in.
PAIRS = Source(
    "pairs",
    f"(SELECT {_OF_SESSION}, measure, value, other FROM scores JOIN"  # noqa: S608 - ours
    " (SELECT dyad, session, measure, avg(value) AS other FROM scores"
    f" WHERE {_RATED_BY} 'therapist' GROUP BY ALL) USING (dyad, session, measure)"
    f" WHERE {_RATED_BY} 'client')",
    OF_SESSION,
    ("measure",),
    also=tuple(PAIR_SUMS.values()),
)
SOURCES = (RESPONSES, SESSIONS, SCORES, CHANGES, PER_SESSION, ALERTS, DYADS, PAIRS)

_DUE = "told_at + to_days($in_time_days) <= $as_of::TIMESTAMP"
_NEEDED = "(first_act_at IS NOT NULL OR ended_at IS NULL OR ended_at >= told_at + to_days($in_time_days))"
_GONE = (
    "last_session_date + $drop_out_days::INTEGER <= $as_of::TIMESTAMP::DATE"
    " AND (ended_on IS NULL OR end_reason = 'client-left')"
)
_UNSTRAINED = "strain = 'none' AND last_session_date IS NOT NULL"
_DROP_OUT = (
    "Of dyads {}, how many have had no session for so many days (28) by `as_of`, without an end of treatment"
    " being told; one told as `client-left` counts still. Compare both groups; read neither alone."
)


def _per_hundred(level: str) -> Figure:
    of = f" of level {level}" if level else ""
    return Figure(
        f"alerts_per_100_sessions{f'_level_{level.lower()}' if level else ''}",
        "alerts",
        "rate",
        PER_SESSION,
        "per 100 rated sessions",
        "rated sessions",
        f"Rupture alerts{of} that are not historical, withdrawn or in error, for 100 sessions rated in time."
        + (" By the best evidence they rest on: A an observer, B said by a person, D scores." if of else ""),
        f"sum(alerts_{level.lower()})" if level else "sum(alerts)",
        "sum(rated)",
    )


_DAYS_BETWEEN = "Days from one rated session of a dyad to the next; they belong to the later one."
_TO_REPAIR = "Sessions of the dyad after the one at which it was told, to the day of its recorded repair."
_LEVEL = "Every value of a score, of every response, in the instrument's points."
_CHANGE = "A dyad's last value of a score minus its first, where it has two or more."

FIGURES: tuple[Figure, ...] = (
    Figure(
        "dyads", "counts", "count", RESPONSES, "dyads", "dyads",
        "Dyads (patient and therapist) with a response.", ONCE, ONCE,
    ),
    Figure(
        "sessions", "counts", "count", SESSIONS, "sessions", "sessions",
        "Sessions with a response, or recorded as attended.", "count(*)", "count(*)",
    ),
    Figure(
        "rated_sessions", "counts", "count", SESSIONS, "sessions", "sessions",
        "Sessions with a scored response on a measure of the alliance.",
        "count_if(rated)", "count_if(rated)",
    ),
    Figure(
        "responses", "counts", "count", RESPONSES, "responses", "responses",
        "Responses as they are now; none in error or withdrawn.", "count(*)", "count(*)",
    ),
    Figure(
        "rated_share", "coverage", "share", DYADS, "0 to 1", "attended sessions",
        "Attended sessions that were rated, of dyads whose attendance is known (recorded, or by numbers).",
        "sum(rated_attended)", "sum(attended)",
    ),
    Figure(
        "first_sessions_rated", "coverage", "share", DYADS, "0 to 1", "attended sessions of the first three",
        "The same among the first three attended sessions.",
        "sum(first_rated)", "sum(first_attended)",
    ),
    Figure(
        "missing_after_rich", "coverage", "share", DYADS, "0 to 1", "attended sessions after a rich series",
        "Attended sessions without a rating, after a dyad's series had become rich (5 rated sessions).",
        "sum(rich_missing)", "sum(rich_attended)",
    ),
    Figure(
        "days_between_ratings", "coverage", "mean", SESSIONS, "days", "rated sessions but a dyad's first",
        _DAYS_BETWEEN, "sum(days_since_rated)", "count(days_since_rated)", "days_since_rated",
    ),
    Figure(
        "level", "level", "mean", SCORES, "points", "values", _LEVEL,
        "sum(value)", "count(value)", "value",
    ),
    Figure(
        "at_ceiling", "level", "share", SCORES, "0 to 1", "values",
        "Values that are the highest the score can have.", "count_if(at_ceiling)", "count(value)",
    ),
    Figure(
        "below_cut_off", "level", "share", SCORES, "0 to 1", "values of scores with a cut-off",
        "Values below the published cut-off of the score (SRS: under 36); by itself no sign of a strain.",
        "count_if(below_cut_off)", "count(below_cut_off)",
    ),
    Figure(
        "change", "change", "mean", CHANGES, "points", "dyads", _CHANGE,
        "sum(value)", "count(value)", "value",
    ),
    Figure(
        "critical_feedback", "feedback", "share", RESPONSES, "0 to 1", "client forms with marks from 0 to 10",
        "Client forms of the alliance with a mark under 9. More of it is no bad sign: clients dare to tell.",
        "count_if(lowest_mark < $critical_mark)", "count(lowest_mark)",
    ),
    Figure(
        "prompts_per_100_sessions", "alerts", "rate", PER_SESSION, "per 100 rated sessions", "rated sessions",
        "Check-in prompts (crossed cut-offs) for 100 sessions rated in time.", "sum(prompts)", "sum(rated)",
    ),
    *(_per_hundred(level) for level in ("", "A", "B", "D")),
    Figure(
        "notices_per_100_sessions", "alerts", "rate", PER_SESSION, "per 100 rated sessions", "rated sessions",
        "How often scores made an alert open, rise or come again: what the alert budget (5) is for.",
        "sum(notices)", "sum(rated)",
    ),
    Figure(
        "acknowledged_in_time", "alerts", "share", ALERTS, "0 to 1", "alerts that were due",
        "Alerts on which a person acted within so many days (7), of those told at least as long ago; those"
        " whose scores were back before that, untouched, do not count.",
        f"count_if({_DUE} AND {_NEEDED} AND first_act_at <= told_at + to_days($in_time_days))",
        f"count_if({_DUE} AND {_NEEDED})",
    ),
    Figure(
        "repair_rate", "alerts", "share", ALERTS, "0 to 1", "alerts that a person resolved",
        "Alerts recorded as repaired, of those recorded as repaired or unresolved. Scores never repair one.",
        "count_if(status = 'repaired')", "count_if(status IN ('repaired', 'unresolved'))",
    ),
    Figure(
        "sessions_to_repair", "alerts", "mean", ALERTS, "sessions", "repaired alerts", _TO_REPAIR,
        "sum(sessions_to_repair)", "count(sessions_to_repair)", "sessions_to_repair",
    ),
    Figure(
        "drop_out_after_unrepaired", "drop-out", "share", DYADS, "0 to 1", "dyads with an unrepaired alert",
        _DROP_OUT.format("with an alert that is open, in work or unresolved and whose scores are not back"),
        f"count_if(strain = 'unrepaired' AND {_GONE})", "count_if(strain = 'unrepaired')",
    ),
    Figure(
        "drop_out_without_alert", "drop-out", "share", DYADS, "0 to 1", "dyads without an alert",
        _DROP_OUT.format("with a session that never had an alert, a dismissed or historical one neither"),
        f"count_if({_UNSTRAINED} AND {_GONE})", f"count_if({_UNSTRAINED})",
    ),
    Figure(
        "congruence_gap", "congruence", "mean", PAIRS, "points", "sessions that both rated",
        "Client's total minus therapist's after the same session, on forms of one measure and scale.",
        "sum(value - other)", "count(*)",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """One figure as it is told: those that quartiles and correlations come as have rows of their own."""

    name: str
    family: Family
    kind: Kind
    unit: str
    n: str
    says: str
    dimensions: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def interval(self) -> str:
        """Return the method of the interval, '' where there is none."""
        return _INTERVALS.get(self.kind, "")


_INTERVALS = {
    "share": "Wilson 1927, effective n by dyads, with t (Korn & Graubard 1998)",
    "mean": "t over dyads (Cochran 1977, 6.4)",
    "rate": "t over dyads (Cochran 1977, 6.4), not below 0",
    "correlation": "Fisher 1921",
}
WITHIN, BETWEEN = "congruence_within", "congruence_between"
_CORRELATIONS = (
    Told(
        WITHIN, "congruence", "correlation", "-1 to 1", "sessions that both rated",
        "Correlation within dyads: where the client's total lies above their mean, does the therapist's too?"
        " (Bland & Altman 1995, BMJ 310:446; rmcorr, Bakdash & Marusich 2017).",
        PAIRS.dimensions, PAIRS.labels,
    ),
    Told(
        BETWEEN, "congruence", "correlation", "-1 to 1", "dyads with a session that both rated",
        "Correlation between dyads, of their means, weighted by sessions (Bland & Altman 1995, BMJ 310:633).",
        PAIRS.dimensions, PAIRS.labels,
    ),
)  # fmt: skip
QUARTILES = (("q1", 0.25), ("median", 0.5), ("q3", 0.75))


_NAMES = {"q1": "First quartile", "median": "Median", "q3": "Third quartile"}


def told_figures() -> Sequence[Told]:
    """Return every figure that an answer may hold, in the order of the docs."""
    found = [told for figure in FIGURES for told in _told(figure)]
    return [*found, *_CORRELATIONS]


def mean_name(figure: Figure) -> str:
    """Return the name that the mean of a figure is told by."""
    return f"{figure.name}_mean" if figure.each else figure.name


def _told(figure: Figure) -> list[Told]:
    source = figure.source
    told = Told(
        mean_name(figure), figure.family, figure.kind, figure.unit, figure.n,
        f"Mean. {figure.says}" if figure.each else figure.says, source.dimensions, source.labels,
    )  # fmt: skip
    if not figure.each:
        return [told]
    return [
        told,
        *(
            Told(
                f"{figure.name}_{name}",
                figure.family,
                "median" if name == "median" else "quartile",
                figure.unit,
                figure.n,
                f"{_NAMES[name]} of the same.",
                source.dimensions,
                source.labels,
            )
            for name, _ in QUARTILES
        ),
    ]


def definitions_table() -> str:
    """Return the figures as a Markdown table."""
    rows = [
        "| Figure | Family | Unit | n counts | Meaning | Interval |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    rows += [
        f"| `{one.name}` | {one.family} | {one.unit} | {one.n} | {one.says} | {one.interval or 'none'} |"
        for one in told_figures()
    ]
    return "\n".join(rows) + "\n"
