"""Connections that wait for nobody: uvicorn's own, which give up on a caller that is too slow.

uvicorn limits only how long a connection may lie idle between two requests. Here a head that does not come to
its end, a body that nobody wants any more, and an answer that is not taken end the connection as well.
"""

import asyncio
from collections.abc import Callable

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

LONGEST_HEAD_BYTES = 32_768
# A head is one packet or a few; whoever needs longer for it has another purpose.
HEAD_SECONDS = 10.0
# Further ones are answered 503; below the usual limit of open files (1,024), for the database needs some too.
MOST_CONNECTIONS = 800
_HEAD_TOO_LARGE, _TOO_SLOW = 431, 408


class _Timer:
    """Calls once after a while, unless it is stopped before."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop, seconds: float, then: Callable[[], object]) -> None:
        """Begin to wait; one that runs goes on as it is."""
        if self._handle is None:
            self._handle = loop.call_later(seconds, then)

    def stop(self) -> None:
        """Wait no longer."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class ImpatientConnection(H11Protocol):
    """One connection of a caller.

    ``head_seconds``: how long a head may take; ``taking_seconds``: how long an answer may lie here untaken.
    """

    head_seconds = HEAD_SECONDS
    taking_seconds = 30.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin to wait for the first head."""
        self._coming, self._taking = _Timer(), _Timer()
        super().connection_made(transport)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._coming.stop()
        self._taking.stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; a byte more gives no time more."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Let the rest come of a body that was refused unread, but not for ever."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self._look()

    def pause_writing(self) -> None:
        """Begin to wait for a caller that does not take its answer."""
        super().pause_writing()
        self._taking.start(self.loop, self.taking_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop waiting: it was taken."""
        self._taking.stop()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or whose head is too long."""
        waiting, _ = self.conn.trailing_data
        if self.conn.our_state is h11.IDLE and len(waiting) > LONGEST_HEAD_BYTES:
            self._refuse(_HEAD_TOO_LARGE)
        elif self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:  # an answer is on its way already: a second one would be taken for part of it
            self.transport.close()

    def _look(self) -> None:
        """Start or stop the timer, as something is awaited that should have come by now."""
        unread = self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE
        if self.transport.is_closing() or not (self.conn.their_state is h11.IDLE or unread):
            self._coming.stop()
        else:
            self._coming.start(self.loop, self.head_seconds, self._give_up)

    def _give_up(self) -> None:
        if self.conn.our_state is h11.IDLE and self.conn.trailing_data[0]:
            self._refuse(_TOO_SLOW)
        else:
            self.transport.close()

    def _refuse(self, status: int) -> None:
        head = h11.Response(
            status_code=status,
            headers=[(b"content-length", b"0"), (b"connection", b"close")],
            reason=STATUS_PHRASES[status],
        )
        self.transport.write((self.conn.send(head) or b"") + (self.conn.send(h11.EndOfMessage()) or b""))
        self.transport.close()


def connections_that_wait(
    taking_seconds: float, head_seconds: float = HEAD_SECONDS
) -> type[ImpatientConnection]:
    """Return the kind of connection that waits so long and no longer, for uvicorn to make."""
    kind: type[ImpatientConnection] = type(
        "Connection", (ImpatientConnection,), {"taking_seconds": taking_seconds, "head_seconds": head_seconds}
    )
    return kind
