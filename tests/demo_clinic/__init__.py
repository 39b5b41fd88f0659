"""The demo clinic: made-up clients whose therapies end today, from a seeded generator. Nobody real is in it.

make_clinic(clients=40, seed=7, today=date(2026, 11, 27)).ratings   # in therapy order, all clients together
"""

from tests.demo_clinic.clinic import Client, DemoClinic, Rating, Session, make_clinic
from tests.demo_clinic.seed import seed_bundle, submission

__all__ = ["Client", "DemoClinic", "Rating", "Session", "make_clinic", "seed_bundle", "submission"]
