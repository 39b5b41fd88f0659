import time

import httpcore
import pytest

from service.deadline import Deadline, LimitedNetwork


class Dripping(httpcore.NetworkStream):
    """A connection that waits as long as it may and then gives a byte."""

    def __init__(self) -> None:
        self.allowed: list[float | None] = []

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.allowed.append(timeout)
        time.sleep(0.02)
        return b"H"[:max_bytes]


class Network(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self.stream = Dripping()

    def connect_tcp(self, *_: object, **__: object) -> httpcore.NetworkStream:
        return self.stream


def read_for_ever(stream: httpcore.NetworkStream) -> None:
    while True:
        stream.read(1, timeout=30.0)


def test_an_answer_that_drips_is_given_up_in_its_head_too() -> None:
    deadline, network = Deadline(), Network()
    deadline.start(0.1)
    stream = LimitedNetwork(network, deadline).connect_tcp("ehr.test", 80)
    with pytest.raises(httpcore.ReadTimeout):
        read_for_ever(stream)
    assert 1 < len(network.stream.allowed) <= 6


def test_a_read_is_given_what_is_left_and_no_more() -> None:
    deadline, network = Deadline(), Network()
    deadline.start(20.0)
    stream = LimitedNetwork(network, deadline).connect_tcp("ehr.test", 80)
    stream.read(1, timeout=30.0)
    stream.read(1, timeout=2.0)
    assert [round(one or 0) for one in network.stream.allowed] == [20, 2]


def test_without_time_left_nothing_is_connected() -> None:
    deadline = Deadline()
    deadline.start(-1.0)
    with pytest.raises(httpcore.ConnectTimeout):
        LimitedNetwork(Network(), deadline).connect_tcp("ehr.test", 80)
