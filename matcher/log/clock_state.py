"""Whether the machine's clock fits the log, whose entries must not go back in time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

CLOCK_TOLERANCE = timedelta(seconds=2)
"""A clock that steps back this much (time synchronisation does) is held at the last entry's time; more is refused."""

RESUME = (
    "Set the machine's clock right. If it is right, and ran ahead when that entry was written, an administrator lets "
    "the log go on: on any page of the dashboard, or by `clearglass audit resume`."
)
"""What to do about a clock that does not fit."""


@dataclass(frozen=True, kw_only=True)
class ClockState:
    """now: what the clock says. last: the time of the log's last entry; None in an empty log."""

    now: datetime
    last: datetime | None

    @property
    def fits(self) -> bool:
        """Whether an entry may be written now."""
        return self.last is None or self.last - self.now <= CLOCK_TOLERANCE

    @property
    def sentence(self) -> str:
        """For people."""
        says = f"The clock says {_shown(self.now)}"
        if self.last is None:
            return f"{says}; the audit log is empty."
        if self.fits:
            return f"{says}, not before the audit log's last entry, which is of {_shown(self.last)}."
        return (
            f"{says}, {_told(self.last - self.now)} before the audit log's last entry, which is of "
            f"{_shown(self.last)}: nothing is logged, and so nothing is searched."
        )


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _told(step: timedelta) -> str:
    """A span in the two largest units that it needs: 1,095 days 6 hours, 59 minutes 58 seconds."""
    hours, rest = divmod(step.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(step.days, "day"), (hours, "hour"), (minutes, "minute"), (seconds, "second")]
    first = next((at for at, (count, _) in enumerate(parts) if count), len(parts) - 1)
    shown = parts[first : first + 2]
    return " ".join(f"{count:,} {unit}{'' if count == 1 else 's'}" for count, unit in shown)
