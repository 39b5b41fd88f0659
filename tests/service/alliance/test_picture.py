"""The picture is read as XML: what it says and shows, not how it is spelt."""

import re
from dataclasses import replace
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest

from service.alliance.axes import lay_across, lay_upright
from service.alliance.baseline import Interval
from service.alliance.described import describe_picture
from service.alliance.panels import CutOffLine, MissedAppointment, Panel, PicturePoint, Trace, TrendPicture
from service.alliance.picture import draw_trend
from service.alliance.picture_parts import split_trend
from tests.service.alliance.forbidden import forbidden_in
from tests.service.alliance.pictures.draw import FOLDER, PICTURES

SVG = "{http://www.w3.org/2000/svg}"
USUAL = Interval(33.0, 39.0)


def _point(session, value=36.0, **facts):
    return PicturePoint(session, date(2026, 1, 5) + timedelta(7 * (session or 0)), value, USUAL, **facts)


def _trace(*points, name="client", perspective="client", usual_next=None):
    return Trace(name, perspective, points, usual_next)


def _panel(*traces, title="SRS, total", **facts):
    return Panel(title, 0, 40, traces, **facts)


def _draw(*panels, title="Alliance trend", footnotes=()):
    return ET.fromstring(draw_trend(TrendPicture(title, panels, footnotes)))  # noqa: S314 - our own text


def _texts(drawn):
    return [found.text for found in drawn.iter(f"{SVG}text")]


def _titled(drawn, tag):
    return [found for found in drawn.iter(f"{SVG}{tag}") if found.find(f"{SVG}title") is not None]


def test_picture_names_and_describes_itself():
    drawn = _draw(_panel(_trace(_point(1), _point(2))))
    assert drawn.get("role") == "img"
    for name, tag in zip(drawn.get("aria-labelledby").split(), ("title", "desc"), strict=True):
        assert drawn.find(f"{SVG}{tag}[@id='{name}']").text


def test_description_tells_course_and_signals():
    trace = _trace(
        _point(1, 36.2), _point(2, 28.0, tier="marked"), _point(3, 33.0, tier="watch"), usual_next=USUAL
    )
    told = describe_picture(TrendPicture("t", (_panel(trace),)))
    assert told == (
        "SRS, total, client: 3 ratings, 36.2 at session 1 to 33.0 at session 3. Marked at session 2. "
        "Watch at session 3. Usual range of the next rating: 33.0\N{EN DASH}39.0."
    )
    assert forbidden_in(told) == []


@pytest.mark.parametrize("panels", [(), (_panel(_trace()),)])
def test_empty_picture_says_so(panels):
    assert "othing was rated yet." in describe_picture(TrendPicture("t", panels))


def test_panel_without_ratings_says_so():
    assert "Nothing was rated yet." in _texts(_draw(_panel(_trace(_point(1))), _panel()))


def test_every_rating_is_a_point_with_its_words():
    drawn = _draw(_panel(_trace(_point(1, 36.2), _point(2, 28.0, tier="marked"))))
    told = [found.find(f"{SVG}title").text for found in _titled(drawn, "circle")]
    assert told == [
        "client, session 1: 36.2; usual range 33.0\N{EN DASH}39.0",
        "client, session 2: 28.0; usual range 33.0\N{EN DASH}39.0; marked",
    ]


def test_rating_without_usual_range_is_told_alone():
    drawn = _draw(_panel(_trace(replace(_point(1), usual=None))))
    assert _titled(drawn, "circle")[0].find(f"{SVG}title").text == "client, session 1: 36.0"


@pytest.mark.parametrize(("perspective", "tag"), [("therapist", 4), ("observer", 3), ("carer", 4)])
def test_perspectives_differ_by_shape(perspective, tag):
    other = _trace(_point(1, 30.0), name=perspective, perspective=perspective)
    drawn = _draw(_panel(_trace(_point(1)), other))
    (shape,) = _titled(drawn, "polygon")
    assert len(shape.get("points").split()) == tag
    assert len(_titled(drawn, "circle")) == 1
    assert {"client", perspective} <= set(_texts(drawn))


@pytest.mark.parametrize(("tier", "letter"), [("possible", "P"), ("marked", "M")])
def test_signal_has_a_letter_and_is_explained(tier, letter):
    texts = _texts(_draw(_panel(_trace(_point(1), _point(2, 28.0, tier=tier)))))
    assert texts.count(letter) == 2
    assert [text for text in texts if "possible strain" in text] != []


def test_watch_is_a_ring_of_its_own():
    drawn = _draw(_panel(_trace(_point(1), _point(2, 31.0, tier="watch"))))
    rings = [found for found in drawn.iter(f"{SVG}circle") if found.get("fill") == "none"]
    assert len(rings) == 2
    assert "watch, chart only" in _texts(drawn)


def test_gap_breaks_the_line_and_the_band():
    ratings = [_point(1), _point(2), _point(6, after_gap=True), _point(7)]
    drawn = _draw(_panel(_trace(*ratings)))
    whole = _draw(_panel(_trace(*(replace(rating, after_gap=False) for rating in ratings))))
    assert [len(list(found.iter(f"{SVG}polyline"))) for found in (drawn, whole)] == [2, 1]
    assert [_texts(found).count("gap") for found in (drawn, whole)] == [1, 0]


def test_narrow_gap_is_drawn_without_the_word():
    ratings = [_point(session, after_gap=session == 150) for session in range(1, 201)]
    drawn = _draw(_panel(_trace(*ratings)))
    assert len(list(drawn.iter(f"{SVG}polyline"))) == 2
    assert "gap" not in _texts(drawn)


def test_new_therapist_is_an_upright_line_with_words():
    drawn = _draw(_panel(_trace(_point(1), _point(2), _point(3, starts_anew="new therapist"), _point(4))))
    assert "new therapist" in _texts(drawn)
    assert len(list(drawn.iter(f"{SVG}polyline"))) == 2


def test_check_in_line_is_drawn_and_named():
    line = CutOffLine(36, "check-in below 36")
    assert line.label in _texts(_draw(_panel(_trace(_point(1)), cut_off=line)))


def test_instruments_stand_below_each_other_on_one_axis():
    drawn = _draw(_panel(_trace(_point(1), _point(9))), _panel(_trace(_point(4)), title="WAI-SR, total"))
    heads = {found.text: float(found.get("y")) for found in drawn.iter(f"{SVG}text") if found.text}
    assert heads["SRS, total"] < heads["WAI-SR, total"]
    assert _texts(drawn).count("attended session") == 1


def test_usual_range_of_the_next_rating_has_room():
    drawn = _draw(_panel(_trace(_point(1), _point(2), usual_next=USUAL)))
    assert "3" in _texts(drawn)
    assert [found for found in _titled(drawn, "polygon") if found.get("stroke-dasharray")] != []


def test_missing_number_turns_the_axis_to_dates():
    ratings = [_point(1), replace(_point(2), session_number=None)]
    texts = _texts(_draw(_panel(_trace(*ratings, usual_next=USUAL))))
    assert "date of the session" in texts
    assert "2026-01-12" in texts


def test_axis_that_leaves_out_low_scores_says_so():
    assert "axis starts at 32" in _texts(_draw(_panel(_trace(_point(1), _point(2, 33.0)))))


def test_axis_of_low_and_high_scores_shows_the_whole_scale():
    upright = lay_upright(_panel(_trace(_point(1, 0.0), _point(2, 40.0))), 200, 0)
    assert (upright.low, upright.high, upright.y(0), upright.y(40)) == (0, 40, 200, 0)


@pytest.mark.parametrize("value", [0.0, 20.0, 40.0])
def test_axis_of_one_score_still_has_height(value):
    upright = lay_upright(_panel(_trace(PicturePoint(1, date(2026, 1, 5), value))), 200, 0)
    assert upright.low <= value <= upright.high
    assert upright.high > upright.low


def test_long_therapy_has_few_ticks_inside_the_picture():
    across = lay_across([_panel(_trace(*map(_point, range(1, 201))))], 50, 700)
    ticks = across.ticks()
    assert 5 <= len(ticks) <= 17
    assert all(50 <= x <= 700 for x, _ in ticks)


def test_texts_are_escaped():
    drawn = _draw(
        _panel(_trace(_point(1)), title="<b>&\x00\ud800"), title='"quoted" <script>', footnotes=("a < b",)
    )
    assert drawn.find(f"{SVG}title").text == '"quoted" <script>'
    assert "<b>&" in _texts(drawn)
    assert list(drawn.iter(f"{SVG}script")) == []


def test_long_footnotes_are_wrapped_inside_the_picture():
    drawn = _draw(_panel(_trace(_point(1))), footnotes=("word " * 60, "second"))
    lowest = max(float(found.get("y")) for found in drawn.iter(f"{SVG}text"))
    assert max(len(text) for text in _texts(drawn)) <= 118
    assert lowest < float(drawn.get("height"))


def test_no_colour_is_red():
    drawn = draw_trend(TrendPicture("t", (_panel(_trace(_point(1), _point(2, 28.0, tier="marked"))),)))
    colours = {tuple(bytes.fromhex(found)) for found in re.findall(r"#([0-9a-f]{6})", drawn)}
    assert len(colours) > 4
    assert [colour for colour in colours if colour[0] > max(colour[1:]) + 16] == []


def test_same_picture_gives_the_same_bytes():
    picture = TrendPicture("t", (_panel(_trace(_point(1), _point(2), usual_next=USUAL)),))
    assert draw_trend(picture) == draw_trend(picture)


def test_open_alert_is_a_bar_with_words():
    opened = _point(2, 28.0, tier="marked")
    drawn = _draw(_panel(_trace(_point(1), opened, _point(3)), open_since=opened))
    assert _texts(drawn).count("alert open") == 2  # beside the bar, and in the legend
    assert "the alert of session 2 is open." in drawn.find(f"{SVG}desc").text


def test_open_alert_of_one_therapist_ends_where_the_next_began():
    opened, anew = _point(2, 28.0, tier="marked"), _point(3, starts_anew="new therapist")
    drawn = _draw(_panel(_trace(_point(1), opened, anew, _point(4)), open_since=opened))
    (bar,) = [found for found in _titled(drawn, "polygon") if "open since" in found.find(f"{SVG}title").text]
    end = max(float(place.split(",")[0]) for place in bar.get("points").split())
    assert end < float(_titled(drawn, "circle")[2].get("cx"))
    assert _texts(drawn).count("alert open") == 1


def test_repair_that_a_person_recorded_stands_beside_the_signal():
    low = _point(2, 28.0, tier="marked")
    drawn = _draw(_panel(_trace(_point(1), low, _point(3)), repairs=(low.session_date,)))
    signal, repair = (
        next(float(found.get("x")) for found in drawn.iter(f"{SVG}text") if found.text == letter)
        for letter in ("M", "R")
    )
    assert repair - signal == 22
    assert "R: repair recorded by a person" in _texts(drawn)


@pytest.mark.parametrize(("late", "strokes"), [(False, 2), (True, 1)])
def test_missed_appointment_lies_between_its_sessions(late, strokes):
    missed = MissedAppointment(_point(1).session_date + timedelta(3), late)
    picture = TrendPicture("t", (_panel(_trace(_point(1), _point(2))),), missed=(missed,))
    drawn = ET.fromstring(draw_trend(picture))  # noqa: S314 - our own text
    own = next(found for found in drawn.iter(f"{SVG}g") if found.find(f"{SVG}title") is not None)
    lines = own.findall(f"{SVG}line")
    first, second = (float(found.get("cx")) for found in _titled(drawn, "circle"))
    assert len(lines) == strokes
    assert first < (float(lines[0].get("x1")) + float(lines[0].get("x2"))) / 2 < second
    assert f"Appointment of {missed.day}" in drawn.find(f"{SVG}desc").text


def test_missed_before_any_session_and_on_an_axis_of_dates_is_inside():
    dated = replace(_point(1), session_number=None)
    for point in (_point(5), dated):
        missed = MissedAppointment(point.session_date - timedelta(9), cancelled_late=False)
        across = lay_across([_panel(_trace(point))], 50, 700, [missed.day])
        assert 50 <= across.x(across.at(missed.day)) < across.x(across.position(point))


def test_numbers_that_begin_anew_turn_the_axis_to_dates():
    later = replace(_point(1, starts_anew="new therapist"), session_date=_point(9).session_date)
    assert "date of the session" in _texts(_draw(_panel(_trace(_point(1), _point(2), later))))


def test_signals_that_would_overlap_are_small_and_have_no_letter():
    signals = [_point(session, 28.0, tier="marked") for session in (10, 11)]
    drawn = _draw(_panel(_trace(*map(_point, range(1, 10)), *signals, *map(_point, range(12, 90)))))
    assert "M" in _texts(drawn)  # the legend's
    assert _texts(drawn).count("M") == 1


def test_words_of_a_break_stay_inside_and_off_the_signals():
    last = _point(3, starts_anew="new therapist")
    drawn = _draw(_panel(_trace(_point(1), _point(2), last)))
    (words,) = [found for found in drawn.iter(f"{SVG}text") if found.text == "new therapist"]
    assert float(words.get("x")) + 7 * len(words.text) <= 680
    signal = _point(15, starts_anew="new therapist", tier="marked")
    beside = _draw(_panel(_trace(*map(_point, range(1, 15)), signal, *map(_point, range(16, 30)))))
    assert "new therapist" not in _texts(beside)


def test_many_gaps_are_drawn_without_the_word():
    ratings = [_point(session, after_gap=session > 1) for session in (1, 5, 9, 13)]
    drawn = _draw(_panel(_trace(*ratings)))
    assert "gap" not in _texts(drawn)
    assert "gap: no ratings" in _texts(drawn)


def test_long_legend_goes_on_in_further_rows_inside_the_picture():
    traces = [_trace(_point(1), name=f"client, therapist {place}") for place in range(9)]
    drawn = _draw(_panel(*traces))
    named = [found for found in drawn.iter(f"{SVG}text") if (found.text or "").startswith("client, th")]
    assert len({found.get("y") for found in named}) > 1
    assert all(float(found.get("x")) + 7 * len(found.text) < 800 for found in named)


def test_a_german_picture_has_no_english_word():
    low = _point(2, 28.0, tier="marked")
    panel = _panel(_trace(_point(1), low, usual_next=USUAL, name="Klientin/Klient"), open_since=low)
    drawn = ET.fromstring(draw_trend(TrendPicture("Verlauf", (panel,), language="de")))  # noqa: S314 - ours
    assert drawn.get("lang") == "de"
    assert drawn.find(f"{SVG}desc").text == (
        "SRS, total, Klientin/Klient: 2 Bewertungen, von 36.0 (Sitzung 1) bis 28.0 (Sitzung 2). Deutlicher "
        "Einbruch: Sitzung 2. Üblicher Bereich der nächsten Bewertung: 33.0\N{EN DASH}39.0. SRS, total: die "
        "Meldung zu Sitzung 2 ist offen."
    )
    told = " ".join(drawn.itertext())
    assert [word for word in ("session", "usual", "alert", "marked", "axis") if word in told] == []


def _parts(*panels, **facts):
    return split_trend(TrendPicture("t", panels, **facts))


def test_a_part_says_its_axis_and_lines_in_words_beside_it():
    line = CutOffLine(36, "check-in below 36")
    (part,) = _parts(_panel(_trace(_point(1), _point(2)), cut_off=line, remark="beside")).panels
    assert part.beside == ("beside", "check-in below 36", "axis starts at 32")
    assert [one for one in part.beside if one in part.wide + part.narrow] == []


def test_each_part_is_an_image_with_its_own_words():
    missed = (MissedAppointment(_point(1).session_date + timedelta(3), cancelled_late=False),)
    parts = _parts(_panel(_trace(_point(1))), _panel(_trace(_point(2)), title="WAI"), missed=missed)
    first, second = (ET.fromstring(one.narrow) for one in parts.panels)  # noqa: S314 - our own text
    assert (first.get("role"), "WAI" in first.get("aria-label")) == ("img", False)
    assert second.get("aria-label").endswith(f"Appointment of {missed[0].day} missed.")
    assert [_texts(one).count("attended session") for one in (first, second)] == [0, 1]


def test_a_narrow_part_has_everything_inside_it():
    ratings = [_point(session, after_gap=session == 40) for session in range(1, 91)]
    drawn = ET.fromstring(_parts(_panel(_trace(*ratings))).panels[0].narrow)  # noqa: S314 - our own text
    width, height = (float(one) for one in drawn.get("viewBox").split()[2:])
    places = [(float(one.get("x")), float(one.get("y"))) for one in drawn.iter(f"{SVG}text")]
    assert all(0 <= x <= width and 0 <= y <= height for x, y in places)


def test_a_part_without_signals_has_no_lane_for_them():
    quiet, marked = (
        ET.fromstring(_parts(_panel(_trace(_point(1, tier=tier)))).panels[0].wide)  # noqa: S314 - ours
        for tier in (None, "marked")
    )
    heights = [float(one.get("viewBox").split()[3]) for one in (quiet, marked)]
    assert heights[0] < heights[1]


def test_every_mark_of_the_parts_is_explained():
    low = _point(2, 28.0, tier="marked")
    legend = _parts(_panel(_trace(_point(1), low), open_since=low)).legend
    assert [one.words for one in legend][-2:] == ["M: marked dip, possible strain", "alert open"]
    assert all(ET.fromstring(one.mark).get("aria-hidden") == "true" for one in legend)  # noqa: S314 - ours


@pytest.mark.parametrize("name", PICTURES)
def test_picture_looks_as_it_did_when_it_was_looked_at(name):
    assert draw_trend(PICTURES[name]) == (FOLDER / f"{name}.svg").read_text("utf-8")
