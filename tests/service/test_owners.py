import os
import subprocess
import sys

from service.owners import is_gone, new_owner


def owner_of_a_process_that_ended() -> str:
    # Our own interpreter, without a shell.
    return subprocess.run(
        [sys.executable, "-c", "from service.owners import new_owner; print(new_owner())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_this_process_is_not_gone():
    assert not is_gone(new_owner())


def test_a_round_of_this_process_is_not_gone():
    assert not is_gone(f"{new_owner()}-3-17")


def test_a_process_that_ended_is_gone():
    assert is_gone(f"{owner_of_a_process_that_ended()}-0-1")


def test_an_earlier_process_with_our_number_is_gone():
    host, _, rest = new_owner().partition(f"-{os.getpid()}.")

    assert is_gone(f"{host}-{os.getpid()}.1-{rest.partition('-')[2]}")


def test_whether_a_process_of_another_machine_is_gone_cannot_be_known():
    assert not is_gone(f"elsewhere-{owner_of_a_process_that_ended().rpartition('-')[0]}-0123456789ab")


def test_a_name_of_another_form_says_nothing():
    assert not is_gone("worker-1")
