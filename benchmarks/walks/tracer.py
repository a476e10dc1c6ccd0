"""Counts calls of this project's packages, and changes from one file to another, in every thread."""

import sys
import threading
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

PACKAGES = ("api", "ingest", "matcher")
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two files, by name, and how often a thread changed from one of them to the other, in either direction."""

    one: str
    other: str
    changes: int


@dataclass(frozen=True, kw_only=True)
class Walk:
    """The counts. deepest: the most frames of this project on one stack. threads: those in which its code ran.

    changes: calls and returns of functions whose file is not that of the call or return before, in the same thread.
    crossings: calls alone, where the nearest caller of ours is in another file.
    A generator or coroutine that goes on is a call too, and a return where it waits; so has `sys.setprofile` it.
    """

    calls: int
    files: int
    changes: int
    crossings: int
    deepest: int
    threads: int
    pairs: tuple[Pair, ...]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Walk":
        """From `dataclasses.asdict`, also after encoding as JSON."""
        return cls(**{**values, "pairs": tuple(Pair(**pair) for pair in values["pairs"])})


class Tracer:
    """Is called for every call from `install` on, in that thread and those that are started later; counts between
    `begin` and `end`.

    aside: qualified names of functions of ours that run by the clock, such as "Server.on_tick". They are not counted,
    nor what they call.
    """

    def __init__(self, aside: Collection[str] = ()) -> None:
        self._aside = frozenset(aside)
        self._files: dict[CodeType, str | None] = {}
        self._count: _Count | None = None

    def install(self) -> None:
        """Call it before the start of the threads to be traced."""
        threading.setprofile(self._heard)
        sys.setprofile(self._heard)

    def remove(self) -> None:
        """Undoes `install`, except for threads that have begun meanwhile: they are traced until they end."""
        sys.setprofile(None)
        threading.setprofile(None)

    def begin(self) -> None:
        """Resets the counts and begins to count."""
        self._count = _Count()

    def end(self) -> Walk:
        """The counts since `begin`. Threads in the middle of a call are cut off there."""
        count, self._count = self._count, None
        if count is None:
            raise RuntimeError("nothing is being counted: call begin first")
        return count.walk()

    def _heard(self, frame: FrameType, event: str, _argument: object) -> None:
        count = self._count
        if count is None or event not in {"call", "return"}:
            return
        file = self._file(frame.f_code)
        if file is None:
            return
        files = self._stack(frame)
        if files is None:
            return
        if event == "call":
            count.call(files)
        count.step(file)

    def _stack(self, frame: FrameType) -> list[str] | None:
        """The files of this frame and those of ours above it, the nearest first; None where one of them is aside."""
        files, at = [], frame
        while True:
            file = self._file(at.f_code)
            if file is not None:
                if at.f_code.co_qualname in self._aside:
                    return None
                files.append(file)
            if at.f_back is None:
                return files
            at = at.f_back

    def _file(self, code: CodeType) -> str | None:
        """The name of a file of ours, from the project's folder on; None for all others."""
        if code not in self._files:
            path = Path(code.co_filename)
            own = path.is_relative_to(_ROOT) and path.relative_to(_ROOT).parts[0] in PACKAGES
            self._files[code] = path.relative_to(_ROOT).as_posix() if own else None
        return self._files[code]


class _Count:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[int, str] = {}
        """By thread, the file of the last call or return."""
        self._pairs: Counter[tuple[str, str]] = Counter()
        self._files: set[str] = set()
        self._calls = self._crossings = self._deepest = 0

    def call(self, stack: list[str]) -> None:
        with self._lock:
            self._calls += 1
            self._crossings += len(stack) > 1 and stack[0] != stack[1]
            self._deepest = max(self._deepest, len(stack))

    def step(self, file: str) -> None:
        thread = threading.get_ident()
        with self._lock:
            before = self._last.get(thread, file)
            self._last[thread] = file
            self._files.add(file)
            if before != file:
                self._pairs[min(before, file), max(before, file)] += 1

    def walk(self) -> Walk:
        with self._lock:
            ranked = sorted(self._pairs.items(), key=lambda item: (-item[1], item[0]))
            return Walk(
                calls=self._calls,
                files=len(self._files),
                changes=self._pairs.total(),
                crossings=self._crossings,
                deepest=self._deepest,
                threads=len(self._last),
                pairs=tuple(Pair(one=one, other=other, changes=changes) for (one, other), changes in ranked),
            )
