import io

import pytest

from service.log import Log


class Full(io.StringIO):
    """A stream on a disk without space."""

    def write(self, _: str) -> int:
        raise OSError(28, "No space left on device")


def test_an_event_that_finds_no_space_stops_nothing() -> None:
    stream = Full()
    Log(stream).event("delivery_confirmed", delivery="d-1")
    assert stream.getvalue() == ""


def test_a_field_that_is_not_listed_is_refused() -> None:
    with pytest.raises(ValueError, match="patient"):
        Log(io.StringIO()).event("request", patient="anna")
