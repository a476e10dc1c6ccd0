"""Logs reads of the gallery: names, enrolled faces, faces of alerts. A page shows a hundred pictures, and an entry for
each would outnumber the searches. So the first read by a session or token is an entry before anything is shown, and its
further reads within the next minute are one more entry: at most two a minute. While the log cannot be written, no read
can begin; a crash loses the reads of a minute at most, and not the fact that there were some.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from api.access.account import Principal
from api.permission import Permission, Role
from matcher.clock import Clock
from matcher.log.actor import Actor
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.timestamp import format_time
from matcher.tlog.errors import LogError

WINDOW_SECONDS = 60.0
_LOOK_SECONDS = 5.0
"""Seconds between two checks for windows that are over."""

MOST_SUBJECTS = 200
"""The most subjects that one entry names; it states if there were more."""


class Seen(StrEnum):
    """The kind of a read, by its name in the entry."""

    NAMES = "names"
    REFERENCE_PICTURES = "reference_pictures"
    ALERT_PICTURES = "alert_pictures"


@dataclass(kw_only=True)
class _Looks:
    """The reads of one account that are not logged yet."""

    since: datetime | None = None
    seen: Counter[Seen] = field(default_factory=Counter)
    subjects: dict[str, None] = field(default_factory=dict)
    more: bool = False

    def add(self, moment: datetime, seen: Seen, count: int, subject: str | None) -> None:
        if self.since is None:
            self.since = moment
        self.seen[seen] += count
        if subject is None or subject in self.subjects:
            return
        if len(self.subjects) < MOST_SUBJECTS:
            self.subjects[subject] = None
        else:
            self.more = True


@dataclass(kw_only=True)
class _Window:
    """A minute of one session or token. until: by the monotonic clock; before its first look it is over."""

    actor: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = float("-inf")
    role: str = ""
    looks: _Looks = field(default_factory=_Looks)


class GalleryReads:
    """Between `start` and `close` a thread logs what is left when a minute is over. Thread-safe."""

    def __init__(self, log: AuditLog, clock: Clock, *, now: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str | None], _Window] = {}
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, seen: Seen, *, actor: str, role: Role, count: int = 1, subject: str | None = None) -> None:
        """Call it before anything is shown. count: the number of names or pictures. subject: the subject, if only one.
        Raises LogUnavailableError, ClockError: then nothing may be shown.
        """
        if count == 0:
            return
        with self._lock:
            via = actor.via if isinstance(actor, Actor) else None
            window = self._windows.setdefault((actor, via), _Window(actor=actor))
        with window.lock:
            now = self._now()
            window.role = role.value
            if window.until > now:
                window.looks.add(self._clock(), seen, count, subject)
                return
            self._log_rest(window)
            first = _Looks()
            first.add(self._clock(), seen, count, subject)
            self._record(actor, role.value, first)
            window.until = now + WINDOW_SECONDS

    def names(self, caller: Principal, *, count: int = 1, subject: str | None = None) -> None:
        """As `note`, for names that this caller is shown; nothing for roles that may not see names."""
        if caller.may(Permission.NAMES):
            self.note(Seen.NAMES, actor=caller.actor, role=caller.role, count=count, subject=subject)

    def picture(self, seen: Seen, caller: Principal, subject: str) -> None:
        """As `note`, for one picture."""
        self.note(seen, actor=caller.actor, role=caller.role, subject=subject)

    def start(self) -> None:
        """Starts the thread."""
        self._thread = threading.Thread(target=self._run, name="gallery-reads", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread, and logs the rest if the log can be written. Safe to call twice."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        self.settle(over=False)

    def _run(self) -> None:
        while not self._end.wait(_LOOK_SECONDS):
            self.settle(over=True)

    def settle(self, *, over: bool) -> None:
        """Logs the unlogged reads of every account. over: only those whose minute is over."""
        with self._lock:
            windows = list(self._windows.values())
        for window in windows:
            with window.lock:
                if over and window.until > self._now():
                    continue
                try:
                    self._log_rest(window)
                except LogError:
                    return  # it stays, and the account is shown nothing more before it is logged

    def _log_rest(self, window: _Window) -> None:
        """The caller holds the window's lock. Reads that cannot be logged stay."""
        if window.looks.since is not None:
            self._record(window.actor, window.role, window.looks)
            window.looks = _Looks()

    def _record(self, actor: str, role: str, looks: _Looks) -> None:
        body: dict[str, Any] = {
            "actor": actor,
            "role": role,
            "since": format_time(looks.since or self._clock()),
            "seen": {seen.value: looks.seen[seen] for seen in Seen if looks.seen[seen]},
            "subjects": list(looks.subjects),
        }
        self._log.record(EntryKind.GALLERY_READ, body | ({"more": True} if looks.more else {}))
