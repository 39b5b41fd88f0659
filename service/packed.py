"""Answers that came compressed, unpacked piece by piece: a megabyte can hold a gigabyte of nothing."""

import zlib
from collections.abc import Iterable, Iterator

# What we say that we take, and no more: httpx would also take what happens to be installed.
ACCEPTED = "gzip, deflate"
# zlib tells gzip and zlib apart by itself with this (zlib.net/manual.html, inflateInit2).
_EITHER = 32 + zlib.MAX_WBITS
_PIECE_BYTES = 65_536


class CannotUnpack(Exception):
    """The bytes are not what their Content-Encoding says, or it is one that nobody asked for."""


def unpack(encoding: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the body in pieces of at most 64 KiB, of which each is made when it is asked for.

    ``encoding`` is the Content-Encoding, '' where there is none. Raises ``CannotUnpack``.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        yield from pieces
    elif name in {"gzip", "x-gzip", "deflate"}:
        yield from _inflate(pieces)
    else:
        raise CannotUnpack


def _inflate(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packed = zlib.decompressobj(_EITHER)
    try:
        for piece in pieces:
            rest = piece
            while rest and not packed.eof:
                yield packed.decompress(rest, _PIECE_BYTES)
                rest = packed.unconsumed_tail
        yield packed.flush()
    except zlib.error as error:
        raise CannotUnpack from error
