"""A committed change of who may be found, and the protocol of what follows such changes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from matcher.columns.vectors import Numbers
from matcher.consent.consent import Consent


@dataclass(frozen=True, kw_only=True, eq=False)
class AddedReferences:
    """n searchable references of one subject, with sealed templates that only a TemplateFollower opens.

    numbers: (n,). ids: of the references. model_digest: of the model that made the templates. sealed: the templates, as
    the database holds them. key: the subject's, 32 bytes, which opens them.
    """

    numbers: Numbers
    ids: Sequence[str]
    model_digest: str
    sealed: Sequence[bytes]
    key: bytes = field(repr=False)


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
        """True if a consent of the subject ended, or all of them did."""
        return self.withdrawn or any(consent.withdrawn_at is not None for consent in self.consents)


class Follower(Protocol):
    """A state that is kept equal to the gallery. It receives changes in order of revision, from one thread at a time.

    The caller of the change waits for it: it must neither block nor change the gallery.
    """

    def apply(self, change: Change) -> None:
        """Applies the change to its state. A change may contain what the follower already has, and may come a second
        time: the result must be the same as of one change with only what is new. After an error the follower is behind;
        the feed logs the error, and with the next change passes all that the follower missed.
        """
        ...
