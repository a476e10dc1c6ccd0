"""Writers take turns, in the order they came, and none is lost."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from matcher.store.database import Database
from matcher.store.errors import StoreBusyError


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "data") as opened:
        yield opened


def wait_for(database: Database, waiting: int) -> None:
    until = time.monotonic() + 30
    while database.waiting != waiting and time.monotonic() < until:
        time.sleep(0.001)
    assert database.waiting == waiting


def begin_writing(database: Database, end: threading.Event) -> threading.Thread:
    """A thread that is inside a transaction that writes, and stays there until `end` is set."""
    begun = threading.Event()

    def write() -> None:
        with database.writing():
            begun.set()
            end.wait(30)

    thread = threading.Thread(target=write)
    thread.start()
    assert begun.wait(30)
    return thread


def test_first_come_first_served(tmp_path: Path) -> None:
    order: list[int] = []
    with Database.open(tmp_path / "data", busy_seconds=30) as database:

        def write(number: int) -> None:
            with database.writing():
                order.append(number)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(10)]
        with database.writing():
            for number, thread in enumerate(threads):
                thread.start()
                wait_for(database, number + 1)
        for thread in threads:
            thread.join()
    assert order == list(range(10))


def test_a_writer_that_gave_up_is_not_waited_for(tmp_path: Path) -> None:
    with Database.open(tmp_path / "data", busy_seconds=0.01) as database:
        with database.writing(), pytest.raises(StoreBusyError), database.writing():
            raise AssertionError("two write at once")
        assert database.waiting == 0
        with database.writing():
            assert database.waiting == 0


def test_never_two_at_once_and_never_lost(tmp_path: Path) -> None:
    """Some give up at the moment at which their turn comes."""
    inside, counts = [0], [0]
    with Database.open(tmp_path / "data", busy_seconds=0.002) as database:

        def write() -> None:
            for _ in range(100):
                try:
                    with database.writing():
                        inside[0] += 1
                        assert inside[0] == 1
                        counts[0] += 1
                        inside[0] -= 1
                except StoreBusyError:
                    pass

        threads = [threading.Thread(target=write) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counts[0] > 0
        with database.writing():
            assert database.waiting == 0


def test_a_turn_that_comes_with_the_timeout_is_taken(database: Database, monkeypatch: Any) -> None:
    end = threading.Event()

    def late(*_: object) -> None:
        end.set()
        other.join()
        raise TimeoutError

    other = begin_writing(database, end)
    monkeypatch.setattr(Future, "result", late)
    with database.writing():
        monkeypatch.undo()
    with database.writing():
        assert database.waiting == 0


@pytest.mark.parametrize("came", [False, True])
def test_an_interrupted_writer_leaves_the_turn_to_others(database: Database, monkeypatch: Any, came: bool) -> None:
    """Interrupted while it waits, or when its turn came just before."""
    end = threading.Event()

    def interrupted(*_: object) -> None:
        if came:
            end.set()
            other.join()
        raise KeyboardInterrupt

    other = begin_writing(database, end)
    monkeypatch.setattr(Future, "result", interrupted)
    with pytest.raises(KeyboardInterrupt), database.writing():
        raise AssertionError("two write at once")
    monkeypatch.undo()
    end.set()
    other.join()
    with database.writing():
        assert database.waiting == 0
