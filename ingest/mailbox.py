"""One slot between two threads: the newest item wins."""

from threading import Condition
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """Holds at most one item. Putting never waits; what was not taken in time is dropped and counted."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._item: Item | None = None
        self._put = 0
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many items were put and replaced before anybody took them."""
        with self._changed:
            return self._dropped

    @property
    def put_count(self) -> int:
        """How many items were put."""
        with self._changed:
            return self._put

    def put(self, item: Item) -> None:
        """Leaves an item, in the place of any that still lies there."""
        with self._changed:
            if self._item is not None:
                self._dropped += 1
            self._item = item
            self._put += 1
            self._changed.notify()

    def take(self, timeout: float) -> Item | None:
        """The newest item, waiting up to timeout seconds for one; None when none came."""
        with self._changed:
            if self._item is None:
                self._changed.wait(max(timeout, 0))
            item, self._item = self._item, None
            return item
