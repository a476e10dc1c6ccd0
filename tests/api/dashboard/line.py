"""The network between a browser and a service, which a test can break."""

import socket
import threading
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self


class Line:
    """Passes TCP connections on to a port of this machine. `freeze`: everything stays open and nothing comes through,
    as when a cable is pulled; `cut`: every connection ends and new ones are refused, as when a server is killed."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._closing = ExitStack()
        self._flowing = threading.Event()
        self._flowing.set()
        self._ended = threading.Event()

    @property
    def address(self) -> str:
        """Where browsers connect to."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._listen(0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flowing.set()
        self.cut()

    def freeze(self) -> None:
        """Nothing comes through from now on."""
        self._flowing.clear()

    def cut(self) -> None:
        """Every connection ends."""
        self._ended.set()
        self._closing.close()

    def mend(self) -> None:
        """After `cut`: takes connections again, at the same port."""
        self._ended = threading.Event()
        self._listen(self._port)

    def _listen(self, port: int) -> None:
        listener = socket.create_server(("127.0.0.1", port))
        self._port = listener.getsockname()[1]
        self._closing.callback(_end, listener)
        threading.Thread(target=self._accept, args=(listener, self._ended), daemon=True).start()

    def _accept(self, listener: socket.socket, ended: threading.Event) -> None:
        with suppress(OSError):
            while not ended.is_set():
                here, _ = listener.accept()
                there = socket.create_connection(("127.0.0.1", self._to))
                for one, other in ((here, there), (there, here)):
                    self._closing.callback(_end, one)
                    threading.Thread(target=self._pass, args=(one, other, ended), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, ended: threading.Event) -> None:
        with suppress(OSError):
            while (data := one.recv(65536)) and not ended.is_set():
                self._flowing.wait()
                other.sendall(data)
        _end(other)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
