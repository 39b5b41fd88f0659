"""An analyst's notebook as a script: three pictures of a clinic, from the API and from the flat tables.

    ALLIANCE_API_KEY=… python tests/contract/notebook.py http://127.0.0.1:8000 tables pictures

The key needs the scope ``alliance/metrics.read``; a service without callers asks for none. ``tables`` is
what ``python -m service export --parquet tables`` wrote. Each cell (# %%) can be run by itself in an editor
that knows them. It needs duckdb and matplotlib, nothing of the service. The tables are rows of single
patients and know no small groups: what is drawn from them is guarded as they are.
"""

# %%
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import duckdb
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

Ask = Callable[[str], Mapping[str, Any]]  # a query string -> the answer of /v1/alliance-metrics
Item = Mapping[str, Any]

INK, GREY, PALE = "#222222", "#8a8a8a", "#dddddd"
BLUE, ORANGE, GREEN, RED, YELLOW = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#f0e442"  # Okabe & Ito 2008
CUT_OFF, LOWEST, HIGHEST = 36, 0, 40  # of the SRS total
_MOST_LABELS = 12
LEVELS = {"A": "seen by an observer", "B": "said by a person", "D": "scores alone"}
# What became of an alert, from the best to the worst; in grey what nobody needed to do anything about.
FOLLOWED = {
    "repaired": (("repaired",), GREEN),
    "in work": (("acknowledged", "in-repair"), BLUE),
    "dismissed": (("dismissed",), PALE),
    "scores came back": (("closed-by-scores",), GREY),
    "nobody acted yet": (("open",), ORANGE),
    "unresolved": (("unresolved",), RED),
}
FIRST_SESSIONS, FEWEST = 12, 11


def main(address: str, tables: Path, pictures: Path, key: str) -> None:
    """Draw all three pictures of the service at an address; ``key`` '' where it asks for none.

    Ends with a sentence that says what to do where the service gives no figures.
    """

    def ask(query: str) -> Mapping[str, Any]:
        try:
            with urlopen(request_for(address, query, key)) as answer:  # noqa: S310 - their own service
                return json.load(answer)
        except OSError as error:
            sys.exit(what_to_do(error, address))

    draw_all(ask, tables, pictures)


def request_for(address: str, query: str, key: str) -> Request:
    """Return the question as it is sent; the key goes to the service alone, never where it redirects to."""
    request = Request(f"{address.rstrip('/')}/v1/alliance-metrics?{query}")  # noqa: S310 - their own service
    if key:
        request.add_unredirected_header("Authorization", f"Bearer {key}")
    return request


ADVICE = {
    401: "Set ALLIANCE_API_KEY to a key that counts: python -m service api-keys create --scopes"
    " alliance/metrics.read --name notebook --expires 90",
    403: "The key needs the scope alliance/metrics.read.",
    404: "Is this the address of the service, and of nothing below it?",
    429: "Wait a minute, then start again.",
    503: "The figures are not at hand yet: try again in a minute. If that goes on, see the service's log.",
}


def what_to_do(error: OSError, address: str) -> str:
    """Return what an analyst can do where no figures came: with what the service said, never the key."""
    if not isinstance(error, HTTPError):
        why = error.reason if isinstance(error, URLError) else error
        return f"Nothing answers at {address} ({why}). Is the service running, and is the address right?"
    try:
        said = json.load(error)["detail"]
    except (ValueError, KeyError, TypeError):
        said = error.reason
    return f"{error.code} from {address}: {said}\n{ADVICE.get(error.code, 'See the log of the service.')}"


def draw_all(ask: Ask, tables: Path, pictures: Path) -> None:
    """Draw all three pictures."""
    draw_level(ask, pictures / "level.png")
    draw_alerts(ask, tables, pictures / "alerts.png")
    draw_coverage_and_congruence(ask, tables, pictures / "coverage-and-congruence.png")


# %% How high is the alliance rated, month by month? From the API: intervals and small groups are its work.
def draw_level(ask: Ask, picture: Path) -> None:
    """Draw the mean SRS total of each month with its interval and quartiles; hidden months are marked."""
    answer = ask("group_by=month&figures=level")
    means, *quartiles = (
        figures_of(answer, f"level_{name}", instrument="srs-3", score="total")
        for name in ("mean", "q1", "q3")
    )
    figure, axes = _sheet(
        "Client ratings of the session (SRS total, 0 to 40)",
        "Dot: mean of the month. Thick: its 95 % interval over dyads. Thin: the middle half of all ratings."
        f" Hidden: under {answer['minimum_cell']} patients.",
    )
    bottom = lowest_shown([*means, *quartiles[0]])
    for month, q1, q3 in zip(means, *quartiles, strict=True):
        _draw_month(axes, bottom, month, q1, q3, told=len(means) <= _MOST_LABELS)
    axes.axhline(CUT_OFF, color=GREY, linestyle="--", linewidth=1)
    words = "published\ncut-off, 36:\nby itself\nno sign of\na strain"
    beside = axes.get_yaxis_transform()
    axes.text(1.01, CUT_OFF, words, color=GREY, fontsize=8, va="center", transform=beside)
    axes.set_ylim(bottom, HIGHEST)
    axes.set_ylabel("points")
    if bottom > LOWEST:
        _mark_zoomed(axes, bottom)
    _label_months(axes, means)
    _save(figure, picture)


def lowest_shown(items: Sequence[Item]) -> int:
    """Return where the axis begins: an even number below all values and intervals, and below the cut-off."""
    ends = [one[end] for one in items for end in ("value", "low") if one[end] is not None]
    return max(LOWEST, (int(min([*ends, CUT_OFF])) - 3) // 2 * 2)


def month_place(item: Item) -> int:
    """Return a month's place in time, so that one without ratings leaves a gap: ``2026-03`` -> 24314."""
    year, _, month = item["group"]["month"].partition("-")
    return int(year) * 12 + int(month) - 1


def labelled(places: Sequence[int]) -> list[int]:
    """Return the months that have a label: each, or each third, sixth, twelfth … counted from January."""
    if not places:
        return []
    span = max(places) - min(places) + 1
    steps = (1, 3, 6, *range(12, span + 12, 12))
    step = next(one for one in steps if span <= one * _MOST_LABELS)
    return [one for one in range(min(places), max(places) + 1) if one % step == 0]


def _draw_month(axes: Axes, bottom: float, month: Item, q1: Item, q3: Item, *, told: bool) -> None:
    place = month_place(month)
    if month["suppressed"]:
        axes.text(
            place, bottom + 0.3, "hidden", color=GREY, ha="center", va="bottom", rotation=90, fontsize=8
        )
        return
    if None not in (q1["value"], q3["value"]):
        axes.vlines(place, q1["value"], q3["value"], color=GREY, linewidth=1)
    if None not in (month["low"], month["high"]):
        axes.vlines(place, month["low"], month["high"], color=BLUE, linewidth=7, alpha=0.35)
    axes.plot(place, month["value"], "o", color=BLUE)
    if told:
        axes.annotate(f"{month['value']:.1f}", (place, month["value"]), (7, -3), textcoords="offset points")


def _mark_zoomed(axes: Axes, bottom: int) -> None:
    """Show that the axis begins above the lowest score: two strokes through it, and words."""
    axes.set_ylabel(f"points (zoomed: the axis begins at {bottom}, not at {LOWEST})")
    stroke = {"marker": [(-1, -0.5), (1, 0.5)], "markersize": 11, "color": INK, "clip_on": False}
    axes.plot([0, 0], [0.02, 0.04], linestyle="none", transform=axes.transAxes, **stroke)
    axes.spines["bottom"].set_linestyle(":")


def _label_months(axes: Axes, means: Sequence[Item]) -> None:
    if not means:
        axes.set_xticks([])
        _say(axes, "No ratings with this form yet.")
        return
    places = [month_place(one) for one in means]
    counts = dict(zip(places, (one["n"] for one in means), strict=True))
    all_told = len(labelled(places)) == max(places) - min(places) + 1
    axes.set_xlim(min(places) - 0.5, max(places) + 0.7)
    axes.set_xticks(
        labelled(places),
        [
            f"{one // 12}-{one % 12 + 1:02}" + (_forms(counts.get(one)) if all_told else "")
            for one in labelled(places)
        ],
    )
    shown = [one for one in counts.values() if one is not None]
    count = "n: forms" if all_told or not shown else f"{min(shown):,} to {max(shown):,} forms"
    axes.set_xlabel(f"{count} in a month; a gap is a month without any")


def _forms(count: int | None) -> str:
    return "" if count is None else f"\nn = {count:,}"


# %% Which alerts were raised, and what did people do? From the tables: a status of each alert.
def draw_alerts(ask: Ask, tables: Path, picture: Path) -> None:
    """Draw the alerts by the best evidence that they rest on, parted by what followed."""
    counts = alerts_by_level(tables)
    answer = ask("figures=alerts")
    rate, repaired = (figures_of(answer, name)[:1] for name in ("alerts_per_100_sessions", "repair_rate"))
    figure, axes = _sheet(
        "Rupture alerts by the evidence they rest on, and what followed",
        _sentence("{value:.1f} ({low:.1f} to {high:.1f}) for 100 rated sessions.", rate)
        + _sentence(" Of those that a person resolved {value:.0%} were repaired (n = {n}).", repaired),
    )
    total = sum(counts.values())
    for row, level in enumerate(LEVELS):
        left = 0
        for name, (statuses, colour) in FOLLOWED.items():
            count = sum(counts.get((level, status), 0) for status in statuses)
            axes.barh(row, count, left=left, color=colour, height=0.6, label=name if row == 0 else None)
            if count > total / 50:
                axes.text(left + count / 2, row, str(count), ha="center", va="center", color=INK, fontsize=9)
            left += count
        axes.text(left, row, "  none" if left == 0 else f"  {left}", va="center", color=GREY)
    axes.set_yticks(range(len(LEVELS)), [f"{level}: {words}" for level, words in LEVELS.items()])
    axes.invert_yaxis()
    axes.set_xlabel(f"alerts ({left_out_in_words(tables)})")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.08)
    if not total:
        axes.set_xlim(0, 1)
        axes.set_xticks([])
        _say(axes, f"No alerts ({left_out_in_words(tables)}).")
    figure.legend(loc="outside lower center", ncols=len(FOLLOWED), frameon=False, fontsize=9)
    _save(figure, picture)


def alerts_by_level(tables: Path) -> dict[tuple[str, str], int]:
    """Return how many alerts there are by level of evidence and status."""
    query = (
        "SELECT evidence_level, status, count(*) FROM read_parquet($file)"
        " WHERE NOT historical AND status NOT IN ('withdrawn', 'entered-in-error') GROUP BY ALL"
    )
    rows = duckdb.sql(query, params={"file": str(tables / "alerts.parquet")}).fetchall()
    return {(level, status): count for level, status, count in rows}


def left_out_in_words(tables: Path) -> str:
    """Return what ``alerts_by_level`` leaves out: ``left out: 20 historical, 1 withdrawn or in error``."""
    query = (
        "SELECT count(*) FILTER (WHERE historical AND NOT gone), count(*) FILTER (WHERE gone) FROM (SELECT"
        " historical, status IN ('withdrawn', 'entered-in-error') AS gone FROM read_parquet($file))"
    )
    file = {"file": str(tables / "alerts.parquet")}
    ((historical, gone),) = duckdb.sql(query, params=file).fetchall()
    return f"left out: {historical:,} historical, {gone:,} withdrawn or in error"


# %% Who is not seen, and do both see the same? Read this before any level.
def draw_coverage_and_congruence(ask: Ask, tables: Path, picture: Path) -> None:
    """Draw how many of the first sessions were rated, and both sides of those that both rated."""
    figure, (left, right) = _sheet("", "", columns=2)
    _draw_coverage(left, ask, tables)
    _draw_both_sides(right, ask, tables)
    _save(figure, picture)


def _draw_coverage(axes: Axes, ask: Ask, tables: Path) -> None:
    covered = coverage_by_session(tables)
    shown = {place: (rated / came, came) for place, came, rated in covered if came >= FEWEST}
    for place, (share, _) in shown.items():
        axes.bar(place, share, color=BLUE, width=0.7)
        axes.text(place, share + 0.015, f"{share:.0%}", ha="center", fontsize=7, color=INK)
    if not shown:
        _say(axes, f"No session to which {FEWEST} dyads are known to have come.")
    axes.set_ylim(0, 1.1)
    axes.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
    places = range(1, FIRST_SESSIONS + 1)
    numbers = [f"{one}\n{shown[one][1]:,}" if one in shown else f"{one}\n<{FEWEST}" for one in places]
    axes.set_xlim(0.4, FIRST_SESSIONS + 0.6)
    axes.set_xticks(places, numbers, fontsize=8)
    axes.set_xlabel(
        f"session of the therapy; below it how many dyads came\n{attendance_in_words(tables)}", fontsize=8
    )
    first = figures_of(ask("figures=coverage"), "first_sessions_rated")[:1]
    axes.set_title(
        "Attended sessions that were rated\n"
        + _sentence("of the first three: {value:.0%} ({low:.0%} to {high:.0%}, n = {n:,})", first),
        loc="left",
        fontsize=10,
    )


def _draw_both_sides(axes: Axes, ask: Ask, tables: Path) -> None:
    pairs = both_sides(tables)
    low, high = 12, 60
    axes.plot([low, high], [low, high], color=GREY, linewidth=1, linestyle="--")
    axes.plot(
        [one for one, _ in pairs], [two for _, two in pairs], "o", color=ORANGE, alpha=0.45, markersize=5
    )
    if not pairs:
        _say(axes, "No session that both rated with the WAI-SR.")
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")
    axes.set_xlabel("client's WAI-SR total")
    axes.set_ylabel("therapist's, after the same session")
    told = ask("figures=congruence")
    within, between = (figures_of(told, f"congruence_{name}")[:1] for name in ("within", "between"))
    axes.set_title(
        "Both sides of the same session\n"
        + _sentence("r = {value:.2f} between dyads, ", between)
        + _sentence("{value:.2f} within them (n = {n})", within),
        loc="left",
        fontsize=10,
    )


def attendance_in_words(tables: Path) -> str:
    """Return how attendance is known of the dyads of which it is."""
    query = (
        "SELECT count(recorded.dyad), count(*) FROM read_parquet($dyads_file) AS dyads"
        " LEFT JOIN (SELECT DISTINCT dyad FROM read_parquet($attendance_file) WHERE status = 'attended')"
        " AS recorded USING (dyad) WHERE attended IS NOT NULL"
    )
    files = {f"{name}_file": str(tables / f"{name}.parquet") for name in ("attendance", "dyads")}
    ((recorded, known),) = duckdb.sql(query, params=files).fetchall()
    if recorded == known:
        return "Attendance as it was recorded." if known else "Attendance is not known of anybody."
    of_whom = f"recorded of {recorded / known:.0%} of the dyads, else" if recorded else "not recorded, but"
    missed = "what came unrated after the last number is missing"
    return f"Attendance was {of_whom} inferred from session numbers:\n{missed}."


def coverage_by_session(tables: Path) -> list[tuple[int, int, int]]:
    """Return (session, dyads that came to it, those who rated it) where attendance is known."""
    query = (
        "WITH places AS (SELECT unnest(range(1, $sessions + 1)) AS place),"
        " rated AS (SELECT DISTINCT dyad, place FROM read_parquet($sessions_file) WHERE rated)"
        " SELECT place, count(*), count(rated.dyad) FROM read_parquet($dyads_file) AS dyads"
        " JOIN places ON dyads.attended >= places.place LEFT JOIN rated USING (dyad, place)"
        " GROUP BY place ORDER BY place"
    )
    files = {f"{name}_file": str(tables / f"{name}.parquet") for name in ("sessions", "dyads")}
    return duckdb.sql(query, params={"sessions": FIRST_SESSIONS, **files}).fetchall()


def both_sides(tables: Path) -> list[tuple[float, float]]:
    """Return (client's, therapist's) WAI-SR total of each session that both rated."""
    query = (
        "SELECT client.value, therapist.value FROM read_parquet($file) AS client"
        " JOIN read_parquet($file) AS therapist USING (dyad, session)"
        " WHERE client.code = 'wai-sr-client.total' AND therapist.code = 'wai-sr-therapist.total'"
    )
    return duckdb.sql(query, params={"file": str(tables / "scores.parquet")}).fetchall()


# %% What all three need.
def figures_of(answer: Mapping[str, Any], figure: str, **labels: str) -> list[Item]:
    """Return one figure's items with these labels, by group in the order of the answer."""
    wanted = {"figure": figure, **labels}
    return [one for one in answer["items"] if wanted.items() <= one.items()]


def _sentence(words: str, items: list[Item]) -> str:
    # Neither suppressed nor without an interval: of nothing counted there is nothing to say.
    return "".join(words.format(**one) for one in items if None not in (one["value"], one["low"], one["n"]))


def _sheet(title: str, below: str, *, columns: int = 1) -> tuple[Figure, Any]:
    figure = Figure(figsize=(9.6, 4.8), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, columns)
    for one in [axes] if columns == 1 else axes:
        _tidy(one)
    if title:
        axes.set_title(f"{title}\n", loc="left", fontsize=12, fontweight="bold")
        axes.text(0, 1.02, below, transform=axes.transAxes, color=GREY, fontsize=9)
    return figure, axes


def _say(axes: Axes, words: str) -> None:
    """Say in the middle of an empty picture why it is empty."""
    ground = {"facecolor": "white", "edgecolor": "none"}
    axes.text(0.5, 0.5, words, transform=axes.transAxes, color=GREY, ha="center", va="center", bbox=ground)


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=0, labelsize=9)


def _save(figure: Figure, picture: Path) -> None:
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), os.environ.get("ALLIANCE_API_KEY", "").strip())
