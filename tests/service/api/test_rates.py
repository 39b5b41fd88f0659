from service.api.rates import Rates

PER_MINUTE = 60  # one a second, ten at once


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_so_many_go_at_once_and_then_one_a_second():
    seconds = Seconds()
    rates = Rates(PER_MINUTE, seconds)

    assert [rates.wait_seconds("a") for _ in range(12)] == [0] * 10 + [1, 1]
    seconds.now = 1.0
    assert [rates.wait_seconds("a") for _ in range(2)] == [0, 1]


def test_one_caller_takes_nothing_from_another():
    rates = Rates(PER_MINUTE, Seconds())
    while rates.wait_seconds("a") == 0:
        pass

    assert rates.wait_seconds("b") == 0


def test_quiet_time_is_not_saved_up_for_ever():
    seconds = Seconds()
    rates = Rates(PER_MINUTE, seconds)
    rates.wait_seconds("a")
    seconds.now = 3600.0

    assert [rates.wait_seconds("a") for _ in range(11)] == [0] * 10 + [1]


def test_what_was_charged_is_waited_for():
    rates = Rates(PER_MINUTE, Seconds())
    for _ in range(15):
        rates.charge("a")

    assert rates.wait_seconds("a") == 6


def test_of_callers_without_number_the_one_that_was_quiet_longest_is_forgotten():
    rates = Rates(PER_MINUTE, Seconds())
    for name in ["a", *map(str, range(10_000))]:
        for _ in range(11):
            rates.charge(name)

    assert (rates.wait_seconds("a"), rates.wait_seconds("1")) == (0, 2)
