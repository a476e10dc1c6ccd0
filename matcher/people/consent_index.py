"""The follower that keeps the consent book equal to the gallery."""

from matcher.consent.consents import Consents
from matcher.consent.scope import ConsentBook, reference_digest
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
        subject_id, added = change.subject_id, change.added
        references: dict[int, tuple[str, bytes]] = {}
        if added is not None:
            for number, reference_id, sealed in zip(added.numbers.tolist(), added.ids, added.sealed, strict=True):
                digest = reference_digest(reference_id, subject_id, added.model_digest, sealed)
                references[number] = subject_id, digest
        self._book.update(
            change.revision,
            consents=Consents.of(change.consents) if change.consents else None,
            references=references,
            moment=change.made_at,
        )
