"""What a provider says of itself is kept, and nobody waits for one that hangs."""

import threading
from datetime import timedelta

import pytest

from service.api.identity import KeptEndpoints
from service.identity.issuer_keys import MOST_ASKING, MOST_WAITING, Patience
from service.identity.provider import Endpoints, ProviderSilent
from tests.conftest import NOW, FixedClock

SECONDS = 10
SAID = Endpoints("https://idp.example", *(5 * [""]))


def hanging(answers: threading.Event) -> Endpoints:
    answers.wait(SECONDS)
    raise ProviderSilent("read-timeout")


def ask(kept: KeptEndpoints) -> None:
    with pytest.raises(ProviderSilent):
        kept()


def test_whoever_asks_all_the_time_holds_few_threads():
    answers = threading.Event()
    kept = KeptEndpoints(lambda: hanging(answers), FixedClock(NOW), Patience())
    threads = [threading.Thread(target=ask, args=(kept,)) for _ in range(3 * MOST_WAITING)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(0.05)
    held = sum(thread.is_alive() for thread in threads)
    answers.set()
    for thread in threads:
        thread.join(SECONDS)

    assert held == MOST_WAITING + 1


def test_many_providers_that_hang_hold_few_threads():
    answers, patience = threading.Event(), Patience()
    many = [
        KeptEndpoints(lambda: hanging(answers), FixedClock(NOW), patience) for _ in range(3 * MOST_ASKING)
    ]
    threads = [threading.Thread(target=ask, args=(kept,)) for kept in many]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(0.05)
    held = sum(thread.is_alive() for thread in threads)
    answers.set()
    for thread in threads:
        thread.join(SECONDS)

    assert held == MOST_ASKING


def test_what_was_said_is_told_while_it_is_asked_anew():
    answers, clock, asked = threading.Event(), FixedClock(NOW), threading.Event()
    kept = KeptEndpoints(lambda: hanging(answers) if asked.is_set() else SAID, clock, Patience())
    kept()
    clock.now += timedelta(hours=1)
    asked.set()
    asking = threading.Thread(target=ask, args=(kept,))
    asking.start()
    asking.join(0.1)

    assert kept() == SAID
    answers.set()
    asking.join(SECONDS)
