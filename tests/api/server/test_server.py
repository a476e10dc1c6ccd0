import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from api.server.server import Server, listen
from api.settings import ApiSettings


def test_no_answer_waits_for_thelistener_to_acknowledge_its_head(in_a_loop: Any) -> None:
    """Head and body are two writes: without TCP_NODELAY the second waits some 40 ms on a connection that is kept."""

    async def undelayed() -> int:
        accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = listen("127.0.0.1", 0)
        async with await asyncio.start_server(accept, sock=listener):
            with closing(socket.create_connection(listener.getsockname())):
                return await accepted

    assert in_a_loop(undelayed())


def test_a_server_that_takes_up_no_more_connections_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the fault, so that who watches over it starts it again."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("never asked")

    def fault(address: str) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr("api.server.reception.network_of", fault)
    with listen("127.0.0.1", 0) as listener, ThreadPoolExecutor(1) as thread:
        running = thread.submit(Server(app, ApiSettings()).run, sockets=[listener])
        with closing(socket.create_connection(listener.getsockname())):
            assert isinstance(running.exception(30), ZeroDivisionError)
