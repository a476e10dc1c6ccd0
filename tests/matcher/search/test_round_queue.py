"""Rounds by themselves: who shares one, in what order, and who gets which error."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from matcher.search.rounds import Rounds
from matcher.store.errors import StoreBusyError, StoreFullError

MOST = 4


class Item(Future[int]):
    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Made:
    """Rounds that answer items with their number. The first round waits until `wait_for` callers wait for the next."""

    def __init__(self) -> None:
        self.rounds = Rounds(self._run, most=MOST)
        self.of: list[list[int]] = []
        self.wait_for = 0
        self.second: Callable[[], None] = lambda: None

    def _run(self, arriving: Iterator[Item]) -> None:
        items = list(arriving)
        self.of.append([item.number for item in items])
        if len(self.of) == 1:
            wait_until(lambda: self.rounds.waiting == self.wait_for)
        else:
            self.second()
        for item in items:
            item.set_result(item.number)

    def join(self, *numbers: int) -> list[int]:
        items = [Item(number) for number in numbers]
        self.rounds.join(items)
        return [item.result(0) for item in items]


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds() and time.monotonic() < until:
        time.sleep(0.001)
    assert holds()


def gathered(made: Made, callers: Sequence[Sequence[int]]) -> list[Future[list[int]]]:
    """What callers got who came in this order while the first round, of item 0, was under way."""
    made.wait_for = len(callers)
    with ThreadPoolExecutor(1 + len(callers)) as threads:
        futures = [threads.submit(made.join, 0)]
        wait_until(lambda: len(made.of) == 1)
        for waiting, numbers in enumerate(callers):
            wait_until(lambda: made.rounds.waiting == waiting)  # noqa: B023 - called before the next
            futures.append(threads.submit(made.join, *numbers))
    return futures


def test_a_caller_alone_waits_for_nobody() -> None:
    made = Made()
    assert [made.join(7), made.join(8, 9)] == [[7], [8, 9]]
    assert made.of == [[7], [8, 9]]


def test_callers_that_come_meanwhile_share_the_next_round_in_order() -> None:
    made = Made()
    futures = gathered(made, [[1], [2], [3]])
    assert [future.result() for future in futures] == [[0], [1], [2], [3]]
    assert made.of == [[0], [1, 2, 3]]


def test_a_round_has_its_most_items_and_no_caller_is_split_or_overtaken() -> None:
    made = Made()
    futures = gathered(made, [[1], [2, 3], [4, 5], [6], [7, 8, 9, 10]])
    assert [future.result() for future in futures] == [[0], [1], [2, 3], [4, 5], [6], [7, 8, 9, 10]]
    assert made.of == [[0], [1, 2, 3], [4, 5, 6], [7, 8, 9, 10]]


def test_a_caller_that_comes_while_items_are_taken_joins_that_round() -> None:
    taken: list[int] = []

    def run(arriving: Iterator[Item]) -> None:
        for item in arriving:
            taken.append(item.number)
            if item.number == 0:
                other = threading.Thread(target=rounds.join, args=([late],))
                other.start()
                wait_until(lambda: rounds.waiting == 1)
            item.set_result(item.number)

    rounds, late = Rounds(run, most=MOST), Item(1)
    rounds.join([Item(0)])
    assert taken == [0, 1]
    assert late.result(30) == 1


def test_the_leader_gets_the_error_of_a_round_and_each_other_caller_one_of_its_own() -> None:
    made, error = Made(), StoreFullError("The disk is full.", remedy="Free some room.")

    def fail() -> None:
        raise error

    made.second = fail
    first, *others = gathered(made, [[1], [2], [3]])
    assert first.result() == [0]
    errors = [future.exception() for future in others]
    assert errors[0] is error
    assert all(type(one) is StoreFullError and one.args == error.args for one in errors)
    assert len(set(map(id, errors))) == 3
    assert [one.__cause__ for one in errors[1:] if one is not None] == [error, error]
    made.second = lambda: None
    assert made.join(4) == [4]


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt(), SystemExit(3)])
def test_a_round_that_breaks_off_is_told_to_the_others_to_try_again(error: BaseException) -> None:
    made = Made()

    def fail() -> None:
        raise error

    made.second = fail
    _, leader, other = gathered(made, [[1], [2]])
    assert leader.exception() is error
    assert isinstance(other.exception(), StoreBusyError)
    made.second = lambda: None
    assert made.join(3) == [3]


def test_what_a_round_gave_an_item_before_it_failed_stands() -> None:
    def run(arriving: Iterator[Item]) -> None:
        for item in arriving:
            if item.number == 2:
                raise KeyError
            item.set_exception(IndexError())

    items = [Item(1), Item(2), Item(3)]
    Rounds(run, most=MOST).join(items)
    assert [type(item.exception(0)) for item in items] == [IndexError, KeyError, KeyError]


def test_an_interrupt_reaches_the_leader_also_where_its_items_are_done() -> None:
    def run(arriving: Iterator[Item]) -> None:
        for item in arriving:
            item.set_result(item.number)
        raise KeyboardInterrupt

    item = Item(1)
    with pytest.raises(KeyboardInterrupt):
        Rounds(run, most=MOST).join([item])
    assert item.result(0) == 1


def test_an_interrupted_caller_still_leads_the_round_that_others_wait_for(monkeypatch: Any) -> None:
    made, result = Made(), Future.result
    interrupted = threading.local()

    def interrupt(future: Future[Any], timeout: float | None = None) -> Any:
        if getattr(interrupted, "due", False):
            interrupted.due = False
            raise KeyboardInterrupt
        return result(future, timeout)

    def join(*numbers: int) -> list[int]:
        interrupted.due = numbers == (1,)
        return made.join(*numbers)

    monkeypatch.setattr(Future, "result", interrupt)
    made.wait_for = 2
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(join, 0)
        wait_until(lambda: len(made.of) == 1)
        second = threads.submit(join, 1)
        wait_until(lambda: made.rounds.waiting == 1)
        third = threads.submit(join, 2)
    assert (first.result(), third.result()) == ([0], [2])
    assert isinstance(second.exception(), KeyboardInterrupt)
    assert made.of == [[0], [1, 2]]


def test_nobody_is_lost_and_nobody_twice() -> None:
    made, together = Made(), threading.Barrier(8)

    def work(thread: int) -> None:
        together.wait()
        for at in range(100):
            number = thread * 100 + at
            assert made.join(number) == [number]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert sorted(number for one in made.of for number in one) == list(range(800))
    assert max(map(len, made.of)) <= MOST
