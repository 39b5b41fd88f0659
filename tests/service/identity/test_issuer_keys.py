"""Keys of an issuer, with many threads that ask for one that it never had."""

import threading
from datetime import timedelta

from service.identity.issuer_keys import MOST_ASKING, MOST_WAITING, IssuerKeys, Patience
from tests.conftest import NOW

SECONDS = 10


def test_whoever_invents_key_ids_holds_few_threads():
    begun, answers = threading.Event(), threading.Event()

    def fetch():
        begun.set()
        answers.wait(SECONDS)
        return ()

    keys = IssuerKeys(fetch, lambda: NOW + timedelta(0))
    threads = [threading.Thread(target=keys.find, args=(str(n), "RS256")) for n in range(3 * MOST_WAITING)]
    threads[0].start()
    assert begun.wait(SECONDS)
    for thread in threads[1:]:
        thread.start()
    for thread in threads[1:]:
        thread.join(0.05)
    held = sum(thread.is_alive() for thread in threads)
    answers.set()
    for thread in threads:
        thread.join(SECONDS)

    assert held == MOST_WAITING + 1  # one asks, the others wait for it


def test_a_server_of_many_providers_that_hangs_holds_few_threads():
    answers, patience = threading.Event(), Patience()

    def fetch():
        answers.wait(SECONDS)
        return ()

    issuers = [IssuerKeys(fetch, lambda: NOW, patience=patience) for _ in range(3 * MOST_ASKING)]
    threads = [
        threading.Thread(target=keys.find, args=("key", "RS256")) for keys in issuers for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(0.02)
    held = sum(thread.is_alive() for thread in threads)
    answers.set()
    for thread in threads:
        thread.join(SECONDS)

    assert MOST_ASKING <= held <= MOST_ASKING + MOST_WAITING
