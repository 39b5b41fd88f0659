"""What goes wrong on the wire to an EHR of every shape: nothing is doubled, nothing lost in silence.

Where that EHR cannot be searched for what was lost on its way, a person is asked; else all arrives.
"""

from pathlib import Path

import pytest

from tests.service.flows.test_every_shape import BLIND, SHAPES
from tests.system.exactly_once import DELIVERED_SECONDS
from tests.system.shaped import a_wire_to
from tests.system.waiting import wait_until

MISHAPS = (
    "reset before",
    "reset after",
    "truncated",
    "429 for a second",
    "503 for a second, performed",
    "half JSON, performed",
    "nothing, not performed",
)
CLIENTS = 8
# The others are for the long run.
QUICK = {"oracle"}


@pytest.mark.parametrize(
    "surface",
    [one if one in QUICK else pytest.param(one, marks=pytest.mark.soak) for one in SHAPES],
)
def test_nothing_is_doubled_or_lost_in_silence_in_any_shape(tmp_path: Path, surface: str) -> None:
    main = SHAPES[surface].main
    with a_wire_to(surface, tmp_path, clients=CLIENTS) as shaped:
        shaped.wire.turn(*MISHAPS, every=2, at_most=len(MISHAPS))
        sent = [shaped.record(client) for client in range(CLIENTS)]
        wait_until(shaped.is_settled, seconds=DELIVERED_SECONDS, what="the deliveries", every=0.5)
        states, there = shaped.states(), shaped.identifiers()

        assert shaped.wire.met
        assert max(there.values()) == 1
        assert set(states.values()) <= ({"confirmed", "parked"} if surface in BLIND else {"confirmed"})
        confirmed = [one for one in sent if states[one] == "confirmed"]
        assert all(any(name.startswith(f"{main}/{one}") for name in there) for one in confirmed)
