"""Messages between the service and a worker process, over a socket pair. Neither side waits for the rest of a message:
a worker may stop or die in the middle of one, so each side reads the bytes that have arrived and goes on. Each message
is preceded by its length (4 bytes, big-endian) and is decoded by the decoder of its direction
(`ingest.messages.message`).
"""

import select
import socket
import struct
from typing import Generic, TypeVar

import msgspec

from ingest.messages.message import DECODE_ERRORS, Message, encoded

_HEADER = struct.Struct(">I")
_CHUNK = 1 << 18
MAX_MESSAGE = 5 << 20
"""The most bytes of a message: more than the largest picture with its fields."""

MAX_UNSENT = 4 << 20

MOST_AT_ONCE = 200
"""The most messages that one call of `receive` decodes; the rest waits for the next, so that a flood of messages delays
nothing."""

M = TypeVar("M", bound=Message)


class ChannelClosedError(Exception):
    """The other side has closed the connection, or sent an invalid message. Never shown to people."""


class Channel(Generic[M]):
    """One end. Owned by one thread, and the owner of its socket. receives: decodes what the other end sends."""

    def __init__(self, end: socket.socket, *, receives: "msgspec.msgpack.Decoder[M]") -> None:
        self._end = end
        self._end.setblocking(False)
        self._receives = receives
        self._received = bytearray()
        self._waiting = False
        """True if whole messages may be among the received bytes."""
        self._unsent = bytearray()

    @property
    def unsent(self) -> int:
        """Bytes that the other side has not taken yet."""
        return len(self._unsent)

    def send(self, message: Message) -> None:
        """Sends as much as possible now and keeps the rest for `flush`. Raises ChannelClosedError when the other side
        has closed the connection, or has not read for very long.
        """
        data = encoded(message)
        self._unsent += _HEADER.pack(len(data)) + data
        self.flush()
        if len(self._unsent) > MAX_UNSENT:
            raise ChannelClosedError("the other side takes nothing any more")

    def flush(self, timeout: float = 0.0) -> bool:
        """Sends the rest, waiting up to timeout seconds for room; returns true if all is sent."""
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

    def receive(self, timeout: float) -> list[M]:
        """The whole messages that have arrived, MOST_AT_ONCE at most; if there are none, waits up to timeout seconds
        for bytes. Raises ChannelClosedError when the other side has closed the connection and all its messages were
        returned, or when it sent an invalid message.
        """
        poll = select.poll()
        poll.register(self._end, select.POLLIN)
        closed = False
        if poll.poll(0 if self._waiting else max(timeout, 0) * 1000):
            closed = not self._fill()
        messages = self._whole()
        if closed and not messages:
            raise ChannelClosedError("the other side has gone")
        return messages

    def close(self) -> None:
        """Closes the socket."""
        self._end.close()

    def _fill(self) -> bool:
        """Reads the bytes that have arrived; False at the end of the connection."""
        while len(self._received) <= MAX_MESSAGE:
            try:
                data = self._end.recv(_CHUNK)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not data:
                return False
            self._received += data
        return True

    def _whole(self) -> list[M]:
        messages: list[M] = []
        start = 0
        while self._has_whole(start) and len(messages) < MOST_AT_ONCE:
            begin = start + _HEADER.size
            start = begin + self._length(start)
            messages.append(self._decoded(bytes(self._received[begin:start])))
        self._waiting = self._has_whole(start)
        del self._received[:start]
        return messages

    def _length(self, start: int) -> int:
        length: int = _HEADER.unpack_from(self._received, start)[0]
        if length > MAX_MESSAGE:
            raise ChannelClosedError("a message is too long")
        return length

    def _has_whole(self, start: int) -> bool:
        there = len(self._received) - start - _HEADER.size
        return there >= 0 and there >= self._length(start)

    def _decoded(self, data: bytes) -> M:
        try:
            return self._receives.decode(data)
        except DECODE_ERRORS as error:
            raise ChannelClosedError("a message makes no sense") from error
