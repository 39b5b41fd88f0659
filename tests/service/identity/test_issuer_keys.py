"""Keys of an issuer, with many threads that ask for one that it never had."""

import threading
from datetime import timedelta

from service.identity.issuer_keys import MOST_WAITING, IssuerKeys
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
