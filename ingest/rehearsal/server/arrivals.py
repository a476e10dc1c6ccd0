"""The connections that a rehearsal's server has accepted."""

import contextlib
import socket
import threading

PATIENCE_SECONDS = 10.0
"""Seconds after which a server that accepts nothing is given up."""


class Arrivals:
    """Counts connections; the thread that accepts them and the one that reads the count may differ."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._knocks: set[int] = set()
        self._seen: set[int] = set()

    def add(self, port: int) -> None:
        """A connection was accepted. port: that at its other end."""
        with self._changed:
            if port in self._knocks:
                self._seen.add(port)
            else:
                self._count += 1
            self._changed.notify_all()

    def count(self, server: tuple[str, int] | None) -> int:
        """The number of connections up to now. server: its host and port; None: it has ended. A server accepts in
        order: this makes a connection of its own, which is not counted, and waits until it is accepted. So every
        earlier connection is counted, and 0 means none.
        """
        if server is not None:
            with contextlib.suppress(OSError):
                self._knock(server)
        return self._count

    def _knock(self, server: tuple[str, int]) -> None:
        with socket.socket(socket.AF_INET6 if ":" in server[0] else socket.AF_INET) as door:
            door.settimeout(PATIENCE_SECONDS)
            door.bind((server[0], 0))
            own = door.getsockname()[1]
            self._knocks.add(own)
            door.connect(server)
            with self._changed:
                self._changed.wait_for(lambda: own in self._seen, PATIENCE_SECONDS)
        self._knocks.discard(own)
        self._seen.discard(own)
