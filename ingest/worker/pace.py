"""The schedule by which one camera's frames are analysed."""

CAUGHT_UP = 5
"""The most missed frames that are analysed late, each with the newest frame: so a short overload does not lower the
rate."""


class Pace:
    """The time at which the next frame is due. Moments: seconds of time.monotonic(). Owned by one thread."""

    def __init__(self, *, period: float, moment: float) -> None:
        self.period = period
        self.due = moment

    def behind(self, moment: float) -> bool:
        """True if the machine cannot keep up. Call it before waiting for a frame, since that wait is due to the
        camera."""
        return moment - self.due > self.period / 2

    def waited(self, moment: float) -> None:
        """No frame had arrived: the camera is slow, and the schedule waits for it."""
        self.due = max(self.due, moment)

    def analysed(self, moment: float) -> None:
        """A frame was analysed. The interval is fixed, so that the rate is kept; frames missed longer ago are
        skipped."""
        self.due += self.period
        if self.due < moment - CAUGHT_UP * self.period:
            self.due = moment
