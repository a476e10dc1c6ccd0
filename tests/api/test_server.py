import asyncio
import socket
from contextlib import closing
from typing import Any

from api.server import _listen


def test_no_answer_waits_for_the_listener_to_acknowledge_its_head(in_a_loop: Any) -> None:
    """Head and body are two writes: without TCP_NODELAY the second waits some 40 ms on a connection that is kept."""

    async def undelayed() -> int:
        accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = _listen("127.0.0.1", 0)
        async with await asyncio.start_server(accept, sock=listener):
            with closing(socket.create_connection(listener.getsockname())):
                return await accepted

    assert in_a_loop(undelayed())
