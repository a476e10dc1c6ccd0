"""The beat at which one camera's frames are analysed."""

CAUGHT_UP = 5
"""Beats that are made up for, with the newest frame each: what a moment's press of cameras cost is had again."""


class Pace:
    """When the next frame is due. Moments: seconds of time.monotonic(). Owned by one thread."""

    def __init__(self, *, period: float, moment: float) -> None:
        self.period = period
        self.due = moment

    def behind(self, moment: float) -> bool:
        """Whether the machine cannot keep up. Asked before a frame is waited for: that wait is the camera's doing."""
        return moment - self.due > self.period / 2

    def waited(self, moment: float) -> None:
        """No frame was there: the camera is what is slow, and the beat waits for it."""
        self.due = max(self.due, moment)

    def analysed(self, moment: float) -> None:
        """A frame was analysed. The beat is fixed, so that the rate is kept; beats long missed are gone."""
        self.due += self.period
        if self.due < moment - CAUGHT_UP * self.period:
            self.due = moment
