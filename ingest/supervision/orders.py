"""Orders to one camera's keeper, from any thread: to end, to send live views, to forget a subject."""

from queue import Empty, SimpleQueue
from threading import Event


class Orders:
    """Set in any thread, carried out in the keeper's own. end: set when it is to end. watched: true if its view has
    viewers."""

    def __init__(self, *, watched: bool) -> None:
        self.end = Event()
        self.watched = watched
        self._forgotten: SimpleQueue[str] = SimpleQueue()

    def forget(self, subject_id: str) -> None:
        """Orders that this subject is shown as a stranger."""
        self._forgotten.put(subject_id)

    def next_forgotten(self) -> str | None:
        """The next subject to forget, in the order in which they were given; None where there is none."""
        try:
            return self._forgotten.get_nowait()
        except Empty:
            return None
