"""Who looked at the gallery: names, enrolled faces, faces of alerts. It leaves a trace, as reading the log does.

A page draws a hundred pictures, and an entry for each would outgrow the searches. So the first look by a session or
token is an entry before anything is shown, and what it looks at within the minute after that is one more entry: each
makes at most two a minute. While nothing can be logged, nobody begins to look; a crash loses the looks of a minute at
most, and not that there were some.
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
"""How often windows that are over are looked for."""

MOST_SUBJECTS = 200
"""How many subjects one entry names; that there were more it says."""


class Seen(StrEnum):
    """What somebody looked at, as the entry names it."""

    NAMES = "names"
    REFERENCE_PICTURES = "reference_pictures"
    ALERT_PICTURES = "alert_pictures"


@dataclass(kw_only=True)
class _Looks:
    """What one account has looked at and the log does not say yet."""

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
        """To be called before anything is shown. count: how many names or pictures. subject: whose, if one person's.

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
        """As `note`, of names that this caller is shown; nothing for roles that are shown none."""
        if caller.may(Permission.NAMES):
            self.note(Seen.NAMES, actor=caller.actor, role=caller.role, count=count, subject=subject)

    def picture(self, seen: Seen, caller: Principal, subject: str) -> None:
        """As `note`, of one picture."""
        self.note(seen, actor=caller.actor, role=caller.role, subject=subject)

    def start(self) -> None:
        """Begins to log by itself."""
        self._thread = threading.Thread(target=self._run, name="gallery-reads", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread, and logs what is left as far as the log can be written. Safe to call twice."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        self.settle(over=False)

    def _run(self) -> None:
        while not self._end.wait(_LOOK_SECONDS):
            self.settle(over=True)

    def settle(self, *, over: bool) -> None:
        """Logs what is left of every account. over: only of those whose minute is over."""
        with self._lock:
            windows = list(self._windows.values())
        for window in windows:
            with window.lock:
                if over and window.until > self._now():
                    continue
                try:
                    self._log_rest(window)
                except LogError:
                    return  # it stays, and the account sees nothing more before it is logged

    def _log_rest(self, window: _Window) -> None:
        """For the one who holds the window's lock. What cannot be logged stays."""
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
