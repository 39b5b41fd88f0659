"""Every figure counted again in plain Python, straight from the database's rows: no code of the service's.

Sessions of a dyad are told apart by date alone, which in the demo clinic is the same as by number.
"""

import json
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import correlation, fmean, quantiles
from typing import Any

from sqlalchemy import text

from service.store.database import Database

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
Key = tuple[str, tuple[str, ...], tuple[str, ...]]  # figure, group as shown, labels
FILES = Path(__file__).parents[3] / "fhir_mappings" / "instruments"
SESSIONS_RICH, CRITICAL, IN_TIME, DROP_OUT = 5, 9, timedelta(days=7), timedelta(days=28)
BANDS = ((9, "9+"), (4, "4-8"), (1, "1-3"))


@dataclass(frozen=True)
class Counted:
    """A figure as counted here, with the dyads' own parts of it, for whoever wants a variance."""

    value: float
    n: float
    parts: tuple[tuple[float, float], ...] = ()


_QUERIES = {
    "responses": "SELECT r.*, d.site, d.team, d.approach, d.therapist AS whose FROM responses r"
    " JOIN dyads d ON d.row_id = r.dyad_row WHERE r.believed_until IS NULL"
    " AND r.status <> 'entered-in-error'"
    " ORDER BY r.session_date, r.session_number, r.authored_at, r.received_at",
    "scores": "SELECT * FROM scores WHERE kind = 'score'",
    "marks": "SELECT * FROM scores WHERE kind = 'item' AND code LIKE 'srs-3.%'",
    "alerts": "SELECT * FROM alerts WHERE believed_until IS NULL",
    "versions": "SELECT * FROM alerts",
    "acts": "SELECT * FROM alert_acts",
    "visits": "SELECT v.*, d.row_id AS dyad_row, d.site, d.team, d.approach, d.therapist AS whose"
    " FROM attendance v"
    " JOIN patient_aliases a ON a.row_id = v.alias_row"
    " JOIN dyads d ON d.patient_key = a.patient_key AND d.therapist = v.therapist"
    " WHERE v.believed_until IS NULL",
    "ends": "SELECT e.*, d.row_id AS dyad_row FROM treatment_ends e"
    " JOIN patient_aliases a ON a.row_id = e.alias_row"
    " JOIN dyads d ON d.patient_key = a.patient_key AND d.therapist = e.therapist"
    " WHERE e.believed_until IS NULL AND NOT e.withdrawn",
}


def stored_rows(database: Database) -> Rows:
    """Return the rows of the database's one clinic; responses in therapy order."""
    return {name: _rows(database, query) for name, query in _QUERIES.items()}


class Recount:
    """The rows of one clinic, and what they come to."""

    def __init__(self, rows: Rows, as_of: datetime, group_by: tuple[str, ...]) -> None:
        self._as_of, self._group_by, self._rows = as_of, group_by, rows
        self._files = {path.stem: tomllib.loads(path.read_text()) for path in FILES.glob("*.toml")}
        self._scores = defaultdict(dict)
        for row in self._rows["scores"]:
            self._scores[row["response_row"]][row["part"]] = (
                None if row["value"] is None else float(row["value"])
            )
        came = [row for row in self._rows["visits"] if row["status"] == "attended"]
        self._dyads = {row["dyad_row"]: row for row in [*came, *self._rows["responses"]]}
        self._places = dict(self._all_places())

    def figures(self) -> dict[Key, Counted]:
        """Return every figure of every group, as far as the dimensions fit it."""
        found: dict[Key, Counted] = {}
        for name, kind, fits, units in self._units():
            if not set(self._group_by) <= set(fits):
                continue
            parts: dict[tuple[Any, Any], dict[int, list[float]]] = defaultdict(
                lambda: defaultdict(lambda: [0.0, 0.0])
            )
            each = defaultdict(list)
            for facts, labels, x, m in units:
                key = self._group(facts), labels
                part = parts[key][facts["dyad_row"]]
                part[0] += x
                part[1] += m
                if m:
                    each[key].append(x)
            for (group, labels), of_dyads in parts.items():
                x, m = (sum(part[place] for part in of_dyads.values()) for place in (0, 1))
                if not m:
                    continue
                if kind == "count":
                    found[name, group, labels] = Counted(m, m)
                    continue
                value = x / m * (100 if kind == "rate" else 1)
                told = name + ("_mean" if kind == "spread" else "")
                found[told, group, labels] = Counted(value, m, tuple(map(tuple, of_dyads.values())))
                if kind == "spread":
                    values = each[group, labels]
                    cuts = quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
                    for end, cut in zip(("q1", "median", "q3"), cuts, strict=True):
                        found[f"{name}_{end}", group, labels] = Counted(cut, len(values))
        return found | self._correlations()

    def _units(self) -> Iterator[tuple[str, str, tuple[str, ...], list[Any]]]:
        dyad = ("clinic", "site", "team", "approach", "therapist")
        session = (*dyad, "month", "quarter", "session_band")
        form = (*session, "instrument", "language")
        responses = self._rows["responses"]
        yield "responses", "count", form, [(row, (), 1, 1) for row in responses]
        seen = {(self._group(row), row["dyad_row"]): row for row in responses}
        yield "dyads", "count", form, [(row, (), 1, 1) for row in seen.values()]
        sessions = self._sessions()
        yield "sessions", "count", session, [(one, (), 1, 1) for one in sessions.values()]
        rated = {key: one for key, one in sessions.items() if one["rated"]}
        yield "rated_sessions", "count", session, [(one, (), 1, 1) for one in rated.values()]
        yield from self._coverage(dyad, rated)
        gaps = [
            ({**two, "dyad_row": two["dyad_row"]}, (), (_day(two) - _day(one)).days, 1)
            for one, two in pairwise(
                sorted(rated.values(), key=lambda one: (one["dyad_row"], one["session_date"]))
            )
            if one["dyad_row"] == two["dyad_row"]
        ]
        yield "days_between_ratings", "spread", session, gaps
        yield from self._levels(form, dyad)
        marks = defaultdict(list)
        for row in self._rows["marks"]:
            if row["value"] is not None:
                marks[row["response_row"]].append(float(row["value"]))
        yield (
            "critical_feedback",
            "share",
            form,
            [(row, (), min(marks[row["row_id"]]) < CRITICAL, 1) for row in responses if marks[row["row_id"]]],
        )
        yield from self._per_session(session, rated, marks)
        yield from self._alert_figures((*session, "instrument"), sessions)
        yield from self._drop_out(dyad, sessions)
        yield (
            "congruence_gap",
            "share",
            session,
            [(one, (measure,), client - therapist, 1) for measure, one, client, therapist in self._pairs()],
        )

    def _sessions(self) -> dict[tuple[int, str], dict[str, Any]]:
        found: dict[tuple[int, str], dict[str, Any]] = {}
        for row in self._rows["responses"]:
            one = found.setdefault(
                (row["dyad_row"], row["session_date"]), dict(row) | {"rated": False, "in_time": False}
            )
            scores = self._scores[row["row_id"]].values()
            is_rated = self._files[row["instrument"]]["role"] == "alliance" and any(
                v is not None for v in scores
            )
            one["rated"] |= is_rated
            one["in_time"] |= is_rated and not row["historical"]
        for row in self._rows["visits"]:
            if row["status"] == "attended":
                blank = dict(self._dyads[row["dyad_row"]]) | {"session_date": row["session_date"]}
                found.setdefault(
                    (row["dyad_row"], row["session_date"]), blank | {"rated": False, "in_time": False}
                )
        return found

    def _all_places(self) -> Iterator[tuple[tuple[int, str], int | None]]:
        came = defaultdict(set)
        for row in self._rows["visits"]:
            if row["status"] == "attended":
                came[row["dyad_row"]].add(row["session_date"])
        for key, one in self._sessions().items():
            days = {day for dyad, day in self._sessions_cache() if dyad == key[0]}
            if came[key[0]]:
                yield key, sorted(days | came[key[0]]).index(key[1]) + 1
            else:
                yield key, one["session_number"]

    def _sessions_cache(self) -> set[tuple[int, str]]:
        return {(row["dyad_row"], row["session_date"]) for row in self._rows["responses"]}

    def _coverage(self, fits: tuple[str, ...], rated: Mapping[Any, Any]) -> Iterator[Any]:
        shares = defaultdict(list)
        for dyad, facts in self._dyads.items():
            own = {self._places[key] for key in rated if key[0] == dyad}
            all_places = [place for key, place in self._places.items() if key[0] == dyad]
            if None in own or not any(all_places):
                continue
            attended, places = max(place for place in all_places if place), sorted(own)
            shares["rated_share"].append((facts, (), len(places), attended))
            shares["first_sessions_rated"].append((facts, (), sum(p <= 3 for p in places), min(3, attended)))
            if len(places) >= SESSIONS_RICH:
                after = attended - places[SESSIONS_RICH - 1]
                shares["missing_after_rich"].append((facts, (), after - len(places[SESSIONS_RICH:]), after))
        yield from ((name, "share", fits, units) for name, units in shares.items())

    def _levels(self, form: tuple[str, ...], dyad: tuple[str, ...]) -> Iterator[Any]:
        values, ceiling, below, series = [], [], [], defaultdict(list)
        for row in self._rows["responses"]:
            file = self._files[row["instrument"]]
            highest = {one["id"]: one["maximum"] for one in file["scores"]}
            for part, value in self._scores[row["row_id"]].items():
                if value is None:
                    continue
                labels = row["instrument"], row["perspective"], part
                values.append((row, labels, value, 1))
                ceiling.append((row, labels, value == highest[part], 1))
                if labels == ("srs-3", "client", "total"):
                    below.append((row, labels, value < 36, 1))
                series[row["dyad_row"], labels].append((row, value))
        yield "level", "spread", form, values
        yield "at_ceiling", "share", form, ceiling
        yield "below_cut_off", "share", form, below
        yield (
            "change",
            "spread",
            (*dyad, "instrument"),
            [
                (own[0][0], labels, own[-1][1] - own[0][1], 1)
                for (_, labels), own in series.items()
                if len(own) > 1
            ],
        )

    def _per_session(
        self, fits: tuple[str, ...], rated: Mapping[Any, Any], marks: Mapping[Any, Any]
    ) -> Iterator[Any]:
        in_time = {key: one for key, one in rated.items() if one["in_time"]}
        base = [(one, (), 0, 1) for one in in_time.values()]
        prompts, last = [], {}
        for row in self._rows["responses"]:
            if row["instrument"] != "srs-3":
                continue
            total = self._scores[row["row_id"]]["total"]
            before = last.get(row["dyad_row"])
            count = sum(mark < 9 for mark in marks[row["row_id"]])
            count += total is not None and total < 36
            count += None not in (total, before) and round(before - total, 6) >= 1
            if (row["dyad_row"], row["session_date"]) in in_time:
                prompts.append((row, (), count, 0))
            last[row["dyad_row"]] = before if total is None else total
        yield "prompts_per_100_sessions", "rate", fits, base + prompts
        alerts = [(self._of_alert(row), row) for row in self._rows["alerts"] if not row["historical"]]
        counted = [
            (one, row) for one, row in alerts if row["status"] not in ("withdrawn", "entered-in-error")
        ]
        yield "alerts_per_100_sessions", "rate", fits, base + [(one, (), 1, 0) for one, _ in counted]
        for level in "ABD":
            of_level = [(one, (), 1, 0) for one, row in counted if _level(row) == level]
            yield f"alerts_per_100_sessions_level_{level.lower()}", "rate", fits, base + of_level
        told = defaultdict(int)
        for row in self._rows["versions"]:
            told[row["id"]] += row["news"] in ("opened", "raised", "again") and row["rule"] != "reported"
        notices = [(one, (), told[row["id"]], 0) for one, row in alerts]
        yield "notices_per_100_sessions", "rate", fits, base + notices

    def _alert_figures(self, fits: tuple[str, ...], sessions: Mapping[Any, Any]) -> Iterator[Any]:
        first, in_time, repaired, steps = {}, [], [], []
        for act in self._rows["acts"]:
            at = datetime.fromisoformat(act["at"])
            first[act["alert_id"]] = min(at, first.get(act["alert_id"], at))
        for row in self._rows["alerts"]:
            if row["historical"] or row["status"] in ("withdrawn", "entered-in-error"):
                continue
            facts = self._of_alert(row)
            limit, acted = datetime.fromisoformat(self._news(row)[0]) + IN_TIME, first.get(row["id"])
            ended = row["ended_at"] and datetime.fromisoformat(row["ended_at"])
            if limit <= self._as_of and (acted or not ended or ended >= limit):
                in_time.append((facts, (), bool(acted and acted <= limit), 1))
            if row["status"] in ("repaired", "unresolved"):
                repaired.append((facts, (), row["status"] == "repaired", 1))
            if row["status"] == "repaired":
                days = [day for dyad, day in sessions if dyad == row["dyad_row"]]
                after = [day for day in days if facts["session_date"] < day <= row["ended_at"][:10]]
                steps.append((facts, (), len(after), 1))
        yield "acknowledged_in_time", "share", fits, in_time
        yield "repair_rate", "share", fits, repaired
        yield "sessions_to_repair", "spread", fits, steps

    def _drop_out(self, fits: tuple[str, ...], sessions: Mapping[Any, Any]) -> Iterator[Any]:
        after, without = [], []
        for dyad, facts in self._dyads.items():
            last = max(date.fromisoformat(day) for one, day in sessions if one == dyad)
            told = [row for row in self._rows["ends"] if row["dyad_row"] == dyad]
            standing = [row for row in told if row["ended_on"] >= last.isoformat()]
            is_excused = any(row["reason"] != "client-left" for row in standing)
            gone = self._as_of.date() - last >= DROP_OUT and not is_excused
            own = [row for row in self._rows["alerts"] if row["dyad_row"] == dyad]
            own = [row for row in own if row["status"] not in ("withdrawn", "entered-in-error")]
            mended = ("repaired", "closed-by-scores", "dismissed")
            lasting = [row for row in own if row["status"] not in mended and not row["historical"]]
            if any(row["score_course"] != "recovered" for row in lasting):
                after.append((facts, (), gone, 1))
            elif not own:
                without.append((facts, (), gone, 1))
        yield "drop_out_after_unrepaired", "share", fits, after
        yield "drop_out_without_alert", "share", fits, without

    def _pairs(self) -> Iterator[tuple[str, dict[str, Any], float, float]]:
        sides = defaultdict(dict)
        for row in self._rows["responses"]:
            if row["instrument"].startswith("wai-sr-") and self._scores[row["row_id"]]["total"] is not None:
                value = self._scores[row["row_id"]]["total"]
                sides[row["dyad_row"], row["session_date"]][row["perspective"]] = row, value
        for both in sides.values():
            if len(both) == 2:
                yield "wai 12-60", both["client"][0], both["client"][1], both["therapist"][1]

    def _correlations(self) -> dict[Key, Counted]:
        if {"instrument", "language"} & set(self._group_by):
            return {}
        found: dict[Key, Counted] = {}
        grouped = defaultdict(lambda: defaultdict(list))
        for _, row, client, therapist in self._pairs():
            grouped[self._group(row)][row["dyad_row"]].append((client, therapist))
        for group, dyads in grouped.items():
            means = {dyad: tuple(map(fmean, zip(*pairs, strict=True))) for dyad, pairs in dyads.items()}
            around = [
                (one - means[dyad][0], two - means[dyad][1])
                for dyad, pairs in dyads.items()
                for one, two in pairs
            ]
            n = len(around)
            within = _correlation(around)
            if within is not None and n - len(dyads) + 1 >= 2:
                found["congruence_within", group, ("wai 12-60",)] = Counted(within, n)
            # A dyad's mean once for each of its pairs: that is what weighting by pairs means.
            weighted = [means[dyad] for dyad, pairs in dyads.items() for _ in pairs]
            between = _correlation(weighted)
            if between is not None and len(dyads) >= 3:
                found["congruence_between", group, ("wai 12-60",)] = Counted(between, len(dyads))
        return found

    def _of_alert(self, row: Mapping[str, Any]) -> dict[str, Any]:
        facts = dict(self._dyads[row["dyad_row"]])
        return facts | {"session_date": self._news(row)[1], "instrument": row["series"]}

    def _news(self, row: Mapping[str, Any]) -> tuple[str, str]:
        """Return when an alert was news, and the day of the session that made it so."""
        days = {one["id"]: one["session_date"] for one in self._rows["responses"] if "id" in one}
        own = sorted((one for one in self._rows["versions"] if one["id"] == row["id"]), key=_version)
        for before, after in pairwise(own):
            if before["historical"] and not after["historical"]:
                return after["believed_from"], days[after["notice"].split(":")[1]]
        return row["raised_at"], row["session_date"]

    def _group(self, facts: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(_SHOWN[name](self, facts) for name in self._group_by)

    def band(self, facts: Mapping[str, Any]) -> str:
        place = self._places.get((facts["dyad_row"], facts["session_date"]))
        return next((name for first, name in BANDS if place and place >= first), "unknown")


_SHOWN: dict[str, Callable[[Recount, Mapping[str, Any]], str]] = {
    "clinic": lambda _, __: "default",
    "therapist": lambda _, row: row["whose"] or "unknown",
    "month": lambda _, row: row["session_date"][:7],
    "quarter": lambda _, row: f"{row['session_date'][:4]}-Q{(int(row['session_date'][5:7]) + 2) // 3}",
    "session_band": lambda counted, row: counted.band(row),
    **{
        name: (lambda _, row, name=name: row[name] or "unknown")
        for name in ("site", "team", "approach", "instrument", "language")
    },
}


def _rows(database: Database, query: str) -> list[dict[str, Any]]:
    with database.read() as tx:
        return [dict(row) for row in tx.execute(text(query)).mappings()]


def _day(one: Mapping[str, Any]) -> date:
    return date.fromisoformat(one["session_date"])


def _version(row: Mapping[str, Any]) -> int:
    return int(row["version"])


def _level(row: Mapping[str, Any]) -> str:
    reported = [one["reported"] for one in json.loads(row["evidence"]) if "reported" in one]
    if any(one["by"] == "observer" for one in reported):
        return "A"
    return "B" if reported else "D"


def _correlation(pairs: list[tuple[float, float]]) -> float | None:
    xs, ys = [one for one, _ in pairs], [two for _, two in pairs]
    if max(xs) - min(xs) < 1e-6 or max(ys) - min(ys) < 1e-6:
        return None
    return correlation(xs, ys)
