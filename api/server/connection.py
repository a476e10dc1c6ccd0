"""One HTTP connection with deadlines for a request's head, its body and the reading of its answer. Uvicorn's own
protocol has no limit for the three.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.access.peer import peer_of
from api.connection_metrics import Ended
from api.http.errors import status_response
from api.http.headers import SECURITY_HEADERS

if TYPE_CHECKING:
    import uvicorn
    from uvicorn.server import ServerState

    from api.server.connection_limits import ConnectionLimits

_TICK: Final = 1.0
"""Seconds between two checks of a body that arrives."""


class Connection(H11Protocol):
    """One client's connection, from before its TLS handshake until it ends.

    on_ended is called with the reason when the service closes it; on_gone when either side has closed it.
    """

    opening: asyncio.Task[None] | None = None
    """During the TLS handshake there is no transport yet."""

    def __init__(
        self,
        config: "uvicorn.Config",
        server_state: "ServerState",
        limits: "ConnectionLimits",
        *,
        on_ended: Callable[[Ended], None],
        on_gone: Callable[["Connection"], None],
    ) -> None:
        super().__init__(config, server_state, app_state={})
        self._limits = limits
        self._on_ended = on_ended
        self._on_gone = on_gone
        self._head: asyncio.TimerHandle | None = None
        self._body: asyncio.TimerHandle | None = None
        self._answer: asyncio.TimerHandle | None = None
        self._arrived = 0
        self._ticks = 0

    @property
    def awaits_head(self) -> bool:
        """True during the TLS handshake, and until a whole head of a request has arrived."""
        return self.transport is None or self.conn.their_state is h11.IDLE

    @property
    def awaits_body(self) -> bool:
        """True if a head has arrived, and not the whole body."""
        return self.conn.their_state is h11.SEND_BODY

    def give_way(self) -> None:
        """Closes immediately, to make room for another client."""
        self._on_ended(Ended.ROOM)
        if self.transport is not None:
            self.transport.abort()
        elif self.opening is not None:
            self.opening.cancel()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for a head."""
        super().connection_made(transport)
        self.app_state = {"peer": peer_of(transport.get_extra_info("socket"))}
        self._follow()

    def data_received(self, data: bytes) -> None:
        """Processes received bytes."""
        if self.transport.is_closing():  # TLS still delivers bytes that were in transit
            return
        self._arrived += len(data)
        super().data_received(data)
        self._follow()

    def on_response_complete(self) -> None:
        """Goes on to the next request."""
        super().on_response_complete()
        self._follow()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends all waiting."""
        self._unset_head()
        self._unset_body()
        self.resume_writing()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._on_gone(self)

    def pause_writing(self) -> None:
        """The client reads its answer more slowly than it is made: it must keep reading some of it."""
        super().pause_writing()
        self._await_taking()

    def resume_writing(self) -> None:
        """The client has read nearly all waiting bytes."""
        super().resume_writing()
        if self._answer is not None:
            self._answer.cancel()
            self._answer = None

    def send_400_response(self, msg: str) -> None:
        """Answers invalid HTTP with an error in the API's form."""
        self._refuse(400)

    def _follow(self) -> None:
        """Starts and stops the deadlines, by the received parts of a request."""
        if self.transport.is_closing():
            return
        if self.conn.their_state is not h11.IDLE:
            self._unset_head()
        elif self._head is None:
            self._head = self.loop.call_later(self._limits.head_seconds, self._head_late)
        if self.conn.their_state is not h11.SEND_BODY:
            self._unset_body()
        elif self._body is None:
            self._arrived, self._ticks = 0, 0
            self._body = self.loop.call_later(_TICK, self._tick)

    def _unset_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _unset_body(self) -> None:
        if self._body is not None:
            self._body.cancel()
            self._body = None

    def _head_late(self) -> None:
        self._head = None
        if self.transport.is_closing():
            return
        self._on_ended(Ended.HEAD)
        if self.conn.trailing_data[0]:
            self._refuse(408)
        else:
            self.transport.abort()  # it sent no request

    def _tick(self) -> None:
        """Counts a second in which the client could have sent; after `body_seconds` of them enough bytes must have
        arrived."""
        self._body = self.loop.call_later(_TICK, self._tick)
        answered = self.cycle.response_complete
        if not answered and (self.flow.read_paused or self.cycle.waiting_for_100_continue):
            return  # the client waits for the service, not the service for the client
        self._ticks += 1
        if self._ticks * _TICK < self._limits.body_seconds:
            return
        # Bytes that arrive after the answer are not needed.
        if answered or self._arrived < self._limits.body_seconds * self._limits.body_bytes_per_second:
            self._on_ended(Ended.BODY)
            self._unset_body()
            self._refuse(408)
        self._arrived, self._ticks = 0, 0

    def _await_taking(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self._answer = self.loop.call_later(self._limits.answer_seconds, self._still_waiting, waiting)

    def _still_waiting(self, before: int) -> None:
        if self.transport.get_write_buffer_size() < before:
            self._await_taking()
        else:
            self._on_ended(Ended.ANSWER)
            self.transport.abort()

    def _refuse(self, status: int) -> None:
        """Answers, if an answer is still possible, and closes."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            answer = status_response(status, headers={**SECURITY_HEADERS, "Connection": "close"})
            asked_for_head = self.conn.our_state is h11.SEND_RESPONSE and self.scope["method"] == "HEAD"
            for event in (
                h11.Response(status_code=status, headers=answer.raw_headers),
                h11.Data(data=b"" if asked_for_head else bytes(answer.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()
