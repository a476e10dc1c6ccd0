"""What others want of one camera's keeper, from any thread: that it ends, shows a live view, forgets somebody."""

from queue import Empty, SimpleQueue
from threading import Event


class Orders:
    """Given from any thread, followed in its own. end: set once it shall end. watched: somebody looks at its view."""

    def __init__(self, *, watched: bool) -> None:
        self.end = Event()
        self.watched = watched
        self._forgotten: SimpleQueue[str] = SimpleQueue()

    def forget(self, subject_id: str) -> None:
        """This subject shall be shown as a stranger."""
        self._forgotten.put(subject_id)

    def next_forgotten(self) -> str | None:
        """The next subject to forget, in the order in which they were given; None where there is none."""
        try:
            return self._forgotten.get_nowait()
        except Empty:
            return None
