import asyncio
import time
from threading import Event
from typing import Any

from ingest.rehearsal.server.sender import put_once


def test_a_loop_that_is_busy_for_long_is_given_an_item_once(in_a_loop: Any) -> None:
    async def queued() -> tuple[bool, int]:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[str] = asyncio.Queue()
        putting = loop.run_in_executor(None, put_once, loop, queue, "packet", Event())
        time.sleep(0.7)
        return await putting, queue.qsize()

    assert in_a_loop(queued()) == (True, 1)


def test_a_full_queue_is_not_waited_for_after_the_end(in_a_loop: Any) -> None:
    async def queued() -> tuple[bool, int]:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[str] = asyncio.Queue(1)
        queue.put_nowait("first")
        end = Event()
        putting = loop.run_in_executor(None, put_once, loop, queue, "second", end)
        await asyncio.sleep(0.1)
        end.set()
        return await putting, queue.qsize()

    assert in_a_loop(queued()) == (False, 1)
