"""The follower that keeps the consent book equal to the gallery."""

from matcher.consent.consents import Consents
from matcher.consent.scope import ConsentBook
from matcher.people.change import Change


class ConsentIndex:
    """A Follower: one thread at a time applies changes; others may read the book meanwhile."""

    def __init__(self, book: ConsentBook) -> None:
        self._book = book

    def apply(self, change: Change) -> None:
        """See Follower."""
        if change.withdrawn:
            self._book.update(change.revision, gone=change.subject_id)
            return
        added = change.added
        references = {} if added is None else dict(zip(added.numbers.tolist(), added.digests, strict=True))
        self._book.update(
            change.revision,
            consents=Consents.of(change.consents) if change.consents else None,
            references={number: (change.subject_id, digest) for number, digest in references.items()},
            moment=change.made_at,
        )
