import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from service.packed import CannotUnpack, unpack

BODY = b'{"a": 1}' * 20_000


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("X-GZip", gzip.compress), ("deflate", zlib.compress), ("", bytes)],
)
def test_a_body_is_unpacked_however_it_comes(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(BODY)
    pieces = [packed[start : start + 7] for start in range(0, len(packed), 7)]
    assert b"".join(unpack(encoding, pieces)) == BODY


def test_no_more_is_unpacked_than_is_asked_for() -> None:
    bomb = gzip.compress(bytes(60_000_000))
    tracemalloc.start()
    pieces = unpack("gzip", [bomb])
    taken = [next(pieces) for _ in range(5)]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert max(map(len, taken)) == 65_536
    assert most < 1_000_000


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "nonsense", "gzip", "deflate"])
def test_what_cannot_be_unpacked_is_told(encoding: str) -> None:
    with pytest.raises(CannotUnpack):
        b"".join(unpack(encoding, [b"no such thing"]))
