"""The pictures that are kept to look at: ``python -m tests.service.alliance.pictures.draw`` draws them anew.

Look at each in a browser, in colour and in grey, before committing it.
"""

from datetime import date, timedelta
from pathlib import Path

from service.alliance.baseline import Interval
from service.alliance.panels import CutOffLine, MissedAppointment, Panel, PicturePoint, Trace, TrendPicture
from service.alliance.picture import draw_trend

FOLDER = Path(__file__).parent
_START = date(2026, 1, 5)


def _point(session, value, usual=None, **facts):
    return PicturePoint(session, _START + timedelta(weeks=session), value, usual, **facts)


def _srs(*points, **facts):
    trace = Trace("client", "client", points, Interval(32.1, 38.8))
    return Panel("Session Rating Scale", 0, 40, (trace,), CutOffLine(36, "check-in below 36"), **facts)


_USUAL = Interval(32.0, 38.5)
_LOW = _point(5, 27.0, _USUAL, tier="marked")
_DIP = _srs(
    _point(1, 36.2, Interval(29.8, 40.0)),
    _point(2, 35.1, Interval(31.0, 39.4)),
    _LOW,
    _point(6, 36.0, _USUAL, tier=None),
    _point(9, 30.9, _USUAL, tier="possible", after_gap=True),
    _point(10, 36.4, _USUAL, starts_anew="new therapist"),
    open_since=_point(9, 30.9),
    repairs=(_START + timedelta(weeks=6),),
)
_RATERS = Panel(
    "Working Alliance Inventory",
    12,
    60,
    (
        Trace("client", "client", (_point(3, 48), _point(7, 36, Interval(41, 54), tier="watch"))),
        Trace("therapist", "therapist", (_point(3, 40), _point(7, 36))),
    ),
    places=0,
)
_MISSED = (
    MissedAppointment(_START + timedelta(weeks=2, days=4), cancelled_late=True),
    MissedAppointment(_START + timedelta(weeks=9, days=3), cancelled_late=False),
)
PICTURES = {
    "one-rating": TrendPicture("One rating", (_srs(_point(1, 35.0, Interval(29.8, 40.0))),)),
    "everything": TrendPicture("Everything", (_DIP, _RATERS), ("SRS: 6 of 10 rated.",), _MISSED),
}


def _main():
    for name, picture in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(draw_trend(picture), encoding="utf-8")


if __name__ == "__main__":
    _main()
