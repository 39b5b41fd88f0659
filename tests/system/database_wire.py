"""The wire between the service and its PostgreSQL server: cut, silent, or lost at the moment of a commit.

It listens on a port of this machine and passes bytes on to the server's socket. *Silent* is what a network
does that swallows everything: the kernel drops each packet that reaches our sockets, so that no probe of the
other side is answered either (SO_ATTACH_FILTER, socket(7)).
"""

import ctypes
import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.system.wire import cut

# What linux/filter.h calls BPF_RET | BPF_K with 0: accept no byte of any packet.
_DROP_ALL = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
_FILTER = struct.pack("HP", 1, ctypes.addressof(_DROP_ALL))
_ATTACH, _DETACH = 26, 27
_BYTES = 65_536


class _Link:
    """One connection, and the one behind it to the server."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.near, self.far = near, far
        self.loses_answers = False

    def end(self) -> None:
        """Reset the connection; the server sees its end."""
        cut(self.near)
        with suppress(OSError):
            self.far.shutdown(socket.SHUT_RDWR)


class DatabaseWire:
    """A context that listens while the block lasts; ``folder`` is where the server's socket lies."""

    def __init__(self, folder: str) -> None:
        self.met: Counter[str] = Counter()
        self._target = f"{folder}/.s.PGSQL.5432"
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._links: set[_Link] = set()
        self._at_commits: list[str] = []
        self._passes = threading.Event()
        self._passes.set()
        self._lock = threading.Lock()

    @property
    def place(self) -> str:
        """Host and port, as a URL names them."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def at_commits(self, *mishaps: str) -> None:
        """Let the next commits meet these: cut ``before`` the server hears of one, or ``after`` it did it."""
        with self._lock:
            self._at_commits = list(mishaps)

    def cut(self) -> None:
        """End every connection with a reset; new ones are taken at once."""
        for link in self._all_links():
            link.end()

    def fall_silent(self) -> None:
        """Swallow everything, new connections too."""
        self._passes.clear()
        for one in (self._listener, *(link.near for link in self._all_links())):
            with suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, _ATTACH, _FILTER)

    def mend(self) -> None:
        """Pass everything on again; what was open meanwhile is dead, as behind a firewall that forgot it."""
        for link in self._all_links():
            link.end()
        self._listener.setsockopt(socket.SOL_SOCKET, _DETACH, 0)
        self._passes.set()

    def __enter__(self) -> Self:
        """Listen."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        """Stop."""
        # A thread that waits in accept would hold the port.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._passes.set()
        self.cut()

    def _all_links(self) -> list[_Link]:
        with self._lock:
            return list(self._links)

    def _accept(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                try:
                    far.connect(self._target)
                except OSError:  # the server is down
                    far.close()
                    cut(near)
                    continue
                link = _Link(near, far)
                with self._lock:
                    self._links.add(link)
                for pump in (self._to_server, self._to_service):
                    threading.Thread(target=pump, args=(link,), daemon=True).start()

    def _to_server(self, link: _Link) -> None:
        with suppress(OSError):
            while sent := link.near.recv(_BYTES):
                mishap = self._mishap() if b"COMMIT" in sent else ""
                if mishap == "before":
                    break
                link.loses_answers = mishap == "after"
                self._passes.wait()
                link.far.sendall(sent)
        link.end()

    def _to_service(self, link: _Link) -> None:
        with suppress(OSError):
            while (answer := link.far.recv(_BYTES)) and not link.loses_answers:
                self._passes.wait()
                link.near.sendall(answer)
        link.end()
        link.far.close()
        with self._lock:
            self._links.discard(link)

    def _mishap(self) -> str:
        with self._lock:
            mishap = self._at_commits.pop(0) if self._at_commits else ""
        self.met[mishap] += bool(mishap)
        return mishap
