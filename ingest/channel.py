"""Messages between the service and a worker process, over a socket pair, never waiting on half a message.

A worker may be stopped or die in the middle of a message: whoever reads takes what is there and goes on. On the
service's side only the messages' own types are unpickled, for the worker has decoded what strangers sent.
"""

import importlib
import io
import pickle
import select
import socket
import struct
from typing import Any

_HEADER = struct.Struct(">I")
_CHUNK = 1 << 18
MAX_MESSAGE = 32 << 20
MAX_UNSENT = 4 << 20

_ALLOWED = {
    "ingest.message": {"Report", "View", "ViewBox", "Sighting", "Passed", "CheckProgress", "CheckFailed"},
    "ingest.check": {"CameraCheck"},
    "ingest.health": {"Health", "CameraState"},
    "matcher.probe": {"Probe"},
    "matcher.recognition.face": {"Box"},
    "matcher.recognition.quality": {"Quality"},
    "matcher.recognition.template": {"Template"},
    "datetime": {"datetime", "timezone", "timedelta"},
    "numpy": {"ndarray", "dtype"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
}


_SENSELESS = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
)
"""What unpickling of nonsense raises: pickle.UnpicklingError, says its documentation, "and others"."""


class ChannelClosedError(Exception):
    """The other side has gone, or speaks no sense. Never shown to people."""


class _WorkerUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if global_name not in _ALLOWED.get(module_name, ()):
            raise pickle.UnpicklingError(f"{module_name}.{global_name} is no part of a message")
        return getattr(importlib.import_module(module_name), global_name)


class Channel:
    """One end. Owned by one thread, and the owner of its socket. trusting: whether the other end may send anything."""

    def __init__(self, end: socket.socket, *, trusting: bool) -> None:
        self._end = end
        self._end.setblocking(False)
        self._trusting = trusting
        self._received = bytearray()
        self._unsent = bytearray()

    @property
    def unsent(self) -> int:
        """Bytes that the other side has not taken yet."""
        return len(self._unsent)

    def send(self, message: object) -> None:
        """Sends what can be sent now and keeps the rest for `flush`.

        Raises ChannelClosedError when the other side has gone, or has taken nothing for very long.
        """
        data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        self._unsent += _HEADER.pack(len(data)) + data
        self.flush()
        if len(self._unsent) > MAX_UNSENT:
            raise ChannelClosedError("the other side takes nothing any more")

    def flush(self, timeout: float = 0.0) -> bool:
        """Sends on what was kept, waiting up to timeout seconds for room; whether all is sent."""
        poll = select.poll()
        poll.register(self._end, select.POLLOUT)
        while self._unsent:
            try:
                sent = self._end.send(self._unsent[:_CHUNK])
            except BlockingIOError:
                if not timeout or not poll.poll(timeout * 1000):
                    return False
            except OSError as error:
                raise ChannelClosedError("the other side has gone") from error
            else:
                del self._unsent[:sent]
        return True

    def receive(self, timeout: float) -> list[Any]:
        """Every whole message that is there, waiting up to timeout seconds for something to come, maybe half a one.

        Raises ChannelClosedError when the other side has gone and everything it sent was handed out.
        """
        poll = select.poll()
        poll.register(self._end, select.POLLIN)
        closed = False
        if poll.poll(max(timeout, 0) * 1000):
            closed = not self._fill()
        messages = self._whole()
        if closed and not messages:
            raise ChannelClosedError("the other side has gone")
        return messages

    def close(self) -> None:
        """Gives the socket back."""
        self._end.close()

    def _fill(self) -> bool:
        """Reads what is there; False at its end."""
        while True:
            try:
                data = self._end.recv(_CHUNK)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not data:
                return False
            self._received += data
            if len(self._received) > MAX_MESSAGE:
                return True

    def _whole(self) -> list[Any]:
        messages, start = [], 0
        while len(self._received) - start >= _HEADER.size:
            (length,) = _HEADER.unpack_from(self._received, start)
            if length > MAX_MESSAGE:
                raise ChannelClosedError("a message is too long")
            end = start + _HEADER.size + length
            if len(self._received) < end:
                break
            messages.append(self._read(bytes(self._received[start + _HEADER.size : end])))
            start = end
        del self._received[:start]
        return messages

    def _read(self, data: bytes) -> Any:
        if self._trusting:
            return pickle.loads(data)  # noqa: S301 - the service's own messages
        try:
            return _WorkerUnpickler(io.BytesIO(data)).load()
        except _SENSELESS as error:
            raise ChannelClosedError("a message makes no sense") from error
