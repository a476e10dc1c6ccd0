"""The sending time and RTP time stamp of each frame of a camera with a faulty clock."""

import random
from collections.abc import Callable

TICKS = 90_000
"""RTP time stamp ticks a second, of video (RFC 6184, 5.1)."""

EVENT_SECONDS = 2.0
"""Seconds from the first frame to the leap, the wrap or the step back."""

_SLOT = 1 / 25
"""Seconds: the grid on which the frames of an uneven pace lie."""


_CHANGES: dict[str, Callable[[float, int], float]] = {
    "backoften": lambda moment, _: moment - 2.0 * (moment // 3.0),
    "leap": lambda moment, _: moment + 3600.0 * (moment >= EVENT_SECONDS),
    "back": lambda moment, _: moment - 3.0 * (moment >= EVENT_SECONDS),
    "wrap": lambda moment, _: moment - EVENT_SECONDS,
    "zero": lambda _, __: 0.0,
    "far": lambda moment, frame: moment + 18_000.0 * (frame % 30 == 0),
    "farpast": lambda moment, frame: moment - 9_720.0 * (frame % 30 == 0),
    "clock1000": lambda moment, _: moment * 1000 / TICKS,
}
"""Maps the moment in seconds and the frame's number, from 1, to the seconds of its time stamp (modulo 2^32 ticks)."""


class Clock:
    """The clock of one viewer's stream. kind: one of `trouble.TIME_STAMPS`, or "" for a good clock.

    `pull20` and `vfr` change when frames are sent, and their time stamps say so: every fifth place of a grid of 25 a
    second is empty, or a frame takes one to three places. The film runs slower then; no frame is left out.
    All others change the time stamps only. jitter: up to 20 ms early or late. backoften: 2 s back every 3 s. leap: 1 h
    ahead after 2 s, for good. back: 3 s back after 2 s, for good. wrap: past 2^32 after 2 s. zero: all equal. far,
    farpast: every 30th frame 5 h ahead or 2.7 h back. clock1000: counted in milliseconds.
    """

    def __init__(self, kind: str, *, seed: int) -> None:
        self._kind = kind
        self._chance = random.Random(seed)  # noqa: S311 - it shall come out the same again
        self._slots = 0
        self._frames = 0

    def moment(self, media_time: float) -> float:
        """The sending time of the next frame, in seconds from the first. media_time: its time in the film."""
        number, self._frames = self._frames, self._frames + 1
        if self._kind == "pull20":
            return (number + number // 4) * _SLOT
        if self._kind == "vfr":
            slot, self._slots = self._slots, self._slots + self._chance.randint(1, 3)
            return slot * _SLOT
        return media_time

    def stamp(self, moment: float) -> int:
        """The RTP time stamp, 32 bits, of the frame that `moment` was last called for."""
        return round(self._seconds(moment) * TICKS) % 2**32

    def _seconds(self, moment: float) -> float:
        if self._kind == "jitter":
            return moment + 0.02 + self._chance.uniform(-0.02, 0.02)
        change = _CHANGES.get(self._kind)
        return moment if change is None else change(moment, self._frames)
