"""The vectors of the searchable references in memory: the templates, and the index over them."""

from matcher.index.index import StartingIndex
from matcher.index.templates import KeptTemplates
from matcher.people.change import Change


class VectorShard:
    """A Follower: one thread at a time applies changes, others may read and search meanwhile."""

    def __init__(self, templates: KeptTemplates, index: StartingIndex) -> None:
        """Starts the index with the templates there are."""
        self.templates = templates
        self._index = index
        index.start(templates.searched)

    def apply(self, change: Change) -> None:
        """See Follower. The shard itself knows which numbers a subject has: the database does not, after withdrawal."""
        if change.withdrawn:
            gone = self.templates.numbers_of(change.subject_id)
            self._index.remove(gone)
            self.templates.drop(gone)
        elif change.added is not None:
            numbers, vectors = change.added.numbers, change.added.vectors
            self.templates.put(numbers, [change.subject_id] * len(numbers), vectors)
            self._index.add(numbers, vectors[:, : self.templates.searched.width])
