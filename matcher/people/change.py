"""A committed change of who may be found, and the protocol of what follows such changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from matcher.columns.vectors import Numbers, Vectors
from matcher.consent.consent import Consent


@dataclass(frozen=True, kw_only=True, eq=False)
class AddedReferences:
    """n searchable references of one subject. numbers: (n,).

    digests: n times 32 bytes that name them in the gallery's content hash. vectors: (n, d) float32, in each row the
    vectors of one reference, one behind the other.
    """

    numbers: Numbers
    digests: Sequence[bytes]
    vectors: Vectors


@dataclass(frozen=True, kw_only=True, eq=False)
class Change:
    """What one revision of the gallery changed of one subject. It is committed.

    added: references that are searchable from now on. consents: new consents, and ended ones. withdrawn: the subject
    has withdrawn, and all that a follower holds of them must go; `added` and `consents` are then empty. made_at: None
    where the change is read from the database later.
    """

    revision: int
    subject_id: str
    added: AddedReferences | None = None
    consents: tuple[Consent, ...] = ()
    withdrawn: bool = False
    made_at: datetime | None = None

    @property
    def ends_consent(self) -> bool:
        """Whether something by which the subject could be found has ended: a consent, or all of them."""
        return self.withdrawn or any(consent.withdrawn_at is not None for consent in self.consents)


class Follower(Protocol):
    """A state that follows the gallery. It gets changes in order of revision, from one thread at a time.

    The caller of the change waits for it: it must neither block nor change the gallery.
    """

    def apply(self, change: Change) -> None:
        """Takes the change into its state.

        A change may hold what the follower has already, and may come a second time: both must leave the same state as
        one change that holds only what is new. An error leaves the follower behind; the feed logs it and gives the
        follower all it missed with the next change.
        """
        ...
