"""Rounds: callers that come while one is under way share the next, and with it its waits for the disk."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Generic, TypeVar

from matcher.errors import ClearglassError
from matcher.store.errors import StoreBusyError

T = TypeVar("T", bound=Future[Any])


@dataclass(eq=False, kw_only=True)
class _Caller(Generic[T]):
    """leads: done when the wait is over. True: this caller leads the next round. False: another's round is done."""

    items: Sequence[T]
    leads: Future[bool] = field(default_factory=Future)


class Rounds(Generic[T]):
    """One round at a time, in the thread of the caller that has waited longest. There is no timer and no thread beside.

    An item is a future. The round that takes it gives it its result or its error.
    """

    def __init__(self, run: Callable[[Iterator[T]], None], *, most: int) -> None:
        """run: makes one round, of the items that it takes from the iterator. An error that it raises becomes the error
        of all of these that are not done. most: how many items a round holds."""
        self._run = run
        self._most = most
        self._mutex = Lock()
        self._under_way = False
        self._waiting: deque[_Caller[T]] = deque()

    @property
    def waiting(self) -> int:
        """How many callers wait for the next round."""
        return len(self._waiting)

    def join(self, items: Sequence[T]) -> None:
        """Returns when a round has been made with these items: at least one, at most `most`, in one round."""
        caller = _Caller(items=items)
        with self._mutex:
            self._waiting.append(caller)
            if not self._under_way:
                self._under_way = True
                self._call_next()
        try:
            leads = caller.leads.result()
        except BaseException:  # an interrupt: others may depend on this caller to lead
            if caller.leads.result():
                self._lead(caller)
            raise
        if leads:
            self._lead(caller)

    def _lead(self, leader: _Caller[T]) -> None:
        callers = [leader]
        try:
            self._run(self._arriving(callers))
        except BaseException as error:
            for caller in callers:
                _fail(caller.items, error if caller is leader else _like(error))
            if not isinstance(error, Exception):
                raise
        finally:
            for caller in callers[1:]:
                caller.leads.set_result(False)
            with self._mutex:
                self._call_next()

    def _arriving(self, callers: list[_Caller[T]]) -> Iterator[T]:
        """The items of these callers. They grow: a caller that comes while items are taken joins this round."""
        left = self._most
        for caller in callers:
            yield from caller.items
            left -= len(caller.items)
            with self._mutex:
                if self._waiting and len(self._waiting[0].items) <= left:
                    callers.append(self._waiting.popleft())

    def _call_next(self) -> None:
        """Ends a round, under the mutex: the caller that has waited longest leads the next, if any waits."""
        self._under_way = bool(self._waiting)
        if self._waiting:
            self._waiting.popleft().leads.set_result(True)


def _fail(items: Sequence[Future[Any]], error: BaseException) -> None:
    for item in items:
        if not item.done():
            item.set_exception(error)


def _like(error: BaseException) -> ClearglassError:
    """The error of a round for a caller that did not lead it: an exception carries the traceback of one thread."""
    if isinstance(error, ClearglassError):
        again = copy(error)
    else:
        again = StoreBusyError("The work under way was broken off.", remedy="Try again in a moment.")
    again.__cause__ = error
    return again
