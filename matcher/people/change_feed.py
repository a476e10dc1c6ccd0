"""Passes each committed change to the followers. The database is the truth: no follower's error undoes a change."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from matcher.metrics import MatcherMetrics
from matcher.people.change import Change, Follower
from matcher.process.child_process import place_of

_LOG = logging.getLogger(__name__)


@dataclass(kw_only=True)
class _Following:
    """One follower. revision: it has applied all changes up to this one. behind: its last attempt failed."""

    name: str
    follower: Follower
    revision: int
    behind: bool = False


class ChangeFeed:
    """Keeps the revision of each follower. One thread at a time may change it; any thread may read `behind`. A follower
    that raises stays at its revision. With the next change it first receives all that it missed, read from the
    database, so that no follower applies changes out of order, and a failing one does not hold up the others.
    """

    def __init__(self, changes_since: Callable[[int], Iterable[Change]], *, metrics: MatcherMetrics | None) -> None:
        """changes_since: as `StoredChanges.since`."""
        self._changes_since = changes_since
        self._metrics = metrics
        self._followings: tuple[_Following, ...] = ()

    def follow(self, name: str, follower: Follower, *, revision: int) -> None:
        """Adds a follower, which receives each change after the followers before it. name: for metrics and messages.
        revision: that of the follower's present state.
        """
        self._followings += (_Following(name=name, follower=follower, revision=revision),)
        self._measure(name, 0)

    def hand_on(self, change: Change) -> None:
        """Passes a committed change to every follower. A follower's error is logged and not raised."""
        for following in self._followings:
            self._bring_up(following, change)

    @property
    def behind(self) -> tuple[str, ...]:
        """The names of the followers that have not applied the newest change, because they failed to."""
        return tuple(following.name for following in self._followings if following.behind)

    def _bring_up(self, following: _Following, change: Change) -> None:
        missed = following.revision + 1 < change.revision
        try:
            for one in self._changes_since(following.revision) if missed else (change,):
                following.follower.apply(one)
                following.revision = one.revision
        except Exception as error:  # noqa: BLE001 - the change is committed, whatever a follower does
            _LOG.warning(
                "%s did not follow the gallery to revision %d (%s).", following.name, change.revision, place_of(error)
            )
        following.behind = following.revision < change.revision
        self._measure(following.name, change.revision - following.revision)

    def _measure(self, name: str, missing: int) -> None:
        if self._metrics is not None:
            self._metrics.follower_missing.labels(follower=name).set(missing)
