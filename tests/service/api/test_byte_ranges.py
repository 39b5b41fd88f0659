"""Which bytes of a file are asked for. Cases of RFC 9110, 13.1.5 and 14."""

import pytest

from service.api.byte_ranges import asked_range
from service.errors import RangeBeyondEnd

ETAG = '"a.1"'


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("bytes=0-", (0, 99)),
        ("bytes=40-", (40, 99)),
        ("bytes=40-59", (40, 59)),
        ("bytes=40-4000", (40, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-1000", (0, 99)),
        ("Bytes= 99-99 ", (99, 99)),
    ],
)
def test_one_range_is_read(wanted: str, found: tuple[int, int]) -> None:
    span = asked_range(wanted, None, ETAG, 100)
    assert span is not None
    assert (span.first, span.last) == found
    assert span.content_range(100) == f"bytes {found[0]}-{found[1]}/100"


@pytest.mark.parametrize(
    "wanted",
    [None, "", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,5-6", "lines=0-1", "bytes=a-", "bytes=²-"],
)
def test_what_is_no_single_range_means_the_whole_file(wanted: str | None) -> None:
    assert asked_range(wanted, None, ETAG, 100) is None


@pytest.mark.parametrize("wanted", ["bytes=100-", "bytes=4000-4001", "bytes=-0"])
def test_a_range_behind_the_end_is_refused_telling_the_size(wanted: str) -> None:
    with pytest.raises(RangeBeyondEnd) as refused:
        asked_range(wanted, None, ETAG, 100)
    assert refused.value.headers["Content-Range"] == "bytes */100"


@pytest.mark.parametrize(
    ("if_range", "is_whole"), [(ETAG, False), (f"W/{ETAG}", True), ("Mon, 02 Mar 2026 12:00:00 GMT", True)]
)
def test_a_range_counts_for_the_file_that_is_meant_alone(if_range: str, *, is_whole: bool) -> None:
    assert (asked_range("bytes=1-", if_range, ETAG, 100) is None) is is_whole
