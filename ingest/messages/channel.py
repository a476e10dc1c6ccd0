"""Messages between the service and a worker process, over a socket pair, never waiting on half a message.

A worker may be stopped or die in the middle of a message: each side reads what is there and goes on. Each message is
preceded by its length (4 bytes, big-endian) and is decoded by the decoder of its direction (`ingest.messages.message`).
"""

import select
import socket
import struct
from typing import Generic, TypeVar

import msgspec

from ingest.messages.message import INVALID, Message, encoded

_HEADER = struct.Struct(">I")
_CHUNK = 1 << 18
MAX_MESSAGE = 5 << 20
"""Bytes: more than the largest picture and what is said about it."""

MAX_UNSENT = 4 << 20

MOST_AT_ONCE = 200
"""Messages that one call of `receive` decodes; the rest waits for the next, so that a flood of them delays nothing."""

M = TypeVar("M", bound=Message)


class ChannelClosedError(Exception):
    """The other side has gone, or sent what is no message. Never shown to people."""


class Channel(Generic[M]):
    """One end. Owned by one thread, and the owner of its socket. receives: decodes what the other end sends."""

    def __init__(self, end: socket.socket, *, receives: "msgspec.msgpack.Decoder[M]") -> None:
        self._end = end
        self._end.setblocking(False)
        self._receives = receives
        self._received = bytearray()
        self._waiting = False
        """Whether whole messages may be among the received bytes."""
        self._unsent = bytearray()

    @property
    def unsent(self) -> int:
        """Bytes that the other side has not taken yet."""
        return len(self._unsent)

    def send(self, message: Message) -> None:
        """Sends what can be sent now and keeps the rest for `flush`.

        Raises ChannelClosedError when the other side has gone, or has taken nothing for very long.
        """
        data = encoded(message)
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

    def receive(self, timeout: float) -> list[M]:
        """Whole messages that are there, MOST_AT_ONCE at most; waits up to timeout seconds for bytes if there are none.

        Raises ChannelClosedError when the other side has gone and everything it sent was handed out, or when what it
        sent is no message.
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
        """Gives the socket back."""
        self._end.close()

    def _fill(self) -> bool:
        """Reads what is there; False at its end."""
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
        except INVALID as error:
            raise ChannelClosedError("a message makes no sense") from error
