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
    """Knows how far each follower is. One thread at a time changes it; `behind` may be read by any.

    A follower that raises stays where it is. With the next change, or when it is to catch up, it first gets, from the
    database, all that it missed: so no follower ever applies changes out of order, and others do not wait for one that
    fails.
    """

    def __init__(self, changes_since: Callable[[int], Iterable[Change]], *, metrics: MatcherMetrics | None) -> None:
        """changes_since: as `StoredChanges.since`."""
        self._changes_since = changes_since
        self._metrics = metrics
        self._followings: tuple[_Following, ...] = ()
        self._newest = 0
        """The revision of the newest change that was handed on."""

    def follow(self, name: str, follower: Follower, *, revision: int) -> None:
        """Adds a follower, which receives each change after the followers before it. name: for metrics and messages.
        revision: that of the follower's present state.
        """
        self._followings += (_Following(name=name, follower=follower, revision=revision),)
        self._measure(name, 0)

    def hand_on(self, change: Change) -> None:
        """Gives a committed change to every follower; does not raise what a follower raises."""
        self._newest = change.revision
        for following in self._followings:
            missed = following.revision + 1 < change.revision
            self._bring_up(following, None if missed else change)

    def catch_up(self, name: str) -> None:
        """Gives the follower of this name all that it missed; does not raise what it raises."""
        for following in self._followings:
            if following.name == name and following.behind:
                self._bring_up(following, None)

    @property
    def behind(self) -> tuple[str, ...]:
        """The names of the followers that have not applied the newest change, because they failed to."""
        return tuple(following.name for following in self._followings if following.behind)

    def _bring_up(self, following: _Following, change: Change | None) -> None:
        """change: the one that it lacks; None: all that the database has."""
        try:
            for one in self._changes_since(following.revision) if change is None else (change,):
                following.follower.apply(one)
                following.revision = one.revision
        except Exception as error:  # noqa: BLE001 - the change is committed, whatever a follower does
            _LOG.warning(
                "%s did not follow the gallery to revision %d (%s).", following.name, self._newest, place_of(error)
            )
        following.behind = following.revision < self._newest
        self._measure(following.name, self._newest - following.revision)

    def _measure(self, name: str, missing: int) -> None:
        if self._metrics is not None:
            self._metrics.follower_missing.labels(follower=name).set(missing)
