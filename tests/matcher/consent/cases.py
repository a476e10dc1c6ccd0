"""One table of what the consent rule says. The rule, columns, SQL, the log's evaluation and the API are held to it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from matcher.consent.consent import Consent
from matcher.consent.hours import Hours, parse_hours
from matcher.consent.rule import ENROLMENT, ENROLMENT_CHECK

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
ENDED = datetime(2027, 1, 1, tzinfo=UTC)
STEP = timedelta(microseconds=1)
BERLIN, LORD_HOWE = "Europe/Berlin", "Australia/Lord_Howe"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A consent, a search, and whether the first covers the second."""

    name: str
    moment: datetime
    covered: bool
    times: str = ""
    zone: str = "UTC"
    camera: str = "lobby"
    purpose: str = "demo"
    cameras: frozenset[str] = field(default_factory=lambda: frozenset({"lobby"}))
    withdrawn_at: datetime | None = None

    def consent(self, subject: str = "ann") -> Consent:
        return consent(subject, parse_hours(self.times), cameras=self.cameras, withdrawn_at=self.withdrawn_at)


def consent(
    subject: str,
    times: tuple[Hours, ...] = (),
    *,
    cameras: frozenset[str] = frozenset({"lobby"}),
    began: datetime = BEGAN,
    ended: datetime = ENDED,
    withdrawn_at: datetime | None = None,
) -> Consent:
    return Consent(
        id=f"consent-{subject}",
        subject_id=subject,
        purpose="demo",
        cameras=cameras,
        valid_from=began,
        valid_until=ended,
        evidence_digest="ab" * 32,
        recorded_at=BEGAN,
        withdrawn_at=withdrawn_at,
        times=times,
    )


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NOON = at("2026-03-04 12:00")  # a Wednesday
CASES = [
    Case(name="in its time", moment=NOON, covered=True),
    Case(name="just begun", moment=BEGAN, covered=True),
    Case(name="not begun", moment=BEGAN - STEP, covered=False),
    Case(name="about to end", moment=ENDED - STEP, covered=True),
    Case(name="ended", moment=ENDED, covered=False),
    Case(name="another camera", moment=NOON, camera="yard", covered=False),
    Case(name="any camera", moment=NOON, camera="yard", cameras=frozenset({"*"}), covered=True),
    Case(name="an upload", moment=NOON, camera="upload", cameras=frozenset({"yard", "upload"}), covered=True),
    Case(name="another purpose", moment=NOON, purpose="other", covered=False),
    Case(name="an enrolment", moment=NOON, camera=ENROLMENT, purpose=ENROLMENT_CHECK, covered=True),
    Case(name="withdrawn before", moment=NOON, withdrawn_at=NOON, covered=False),
    Case(name="in its hours", moment=NOON, times="mon-fri 08:00-17:00", covered=True),
    Case(name="its hours begin", moment=at("2026-03-04 08:00"), times="wed 08:00-17:00", covered=True),
    Case(name="before its hours", moment=at("2026-03-04 08:00") - STEP, times="wed 08:00-17:00", covered=False),
    Case(name="last of its hours", moment=at("2026-03-04 17:00") - STEP, times="wed 08:00-17:00", covered=True),
    Case(name="after its hours", moment=at("2026-03-04 17:00"), times="wed 08:00-17:00", covered=False),
    Case(name="another weekday", moment=NOON, times="tue,thu 00:00-24:00", covered=False),
    Case(name="a whole day", moment=at("2026-03-04 23:59:59"), times="wed", covered=True),
    Case(name="the day after", moment=at("2026-03-05 00:00"), times="wed", covered=False),
    Case(name="before midnight", moment=at("2026-03-04 23:00"), times="wed 22:00-06:00", covered=True),
    Case(name="across midnight", moment=at("2026-03-05 05:59"), times="wed 22:00-06:00", covered=True),
    Case(name="the night has ended", moment=at("2026-03-05 06:00"), times="wed 22:00-06:00", covered=False),
    Case(name="the night of the day before", moment=at("2026-03-04 05:59"), times="wed 22:00-06:00", covered=False),
    Case(name="from Sunday into Monday", moment=at("2026-03-02 05:59"), times="sun 22:00-06:00", covered=True),
    Case(name="24 hours from 08:00", moment=at("2026-03-05 07:59"), times="wed 08:00-08:00", covered=True),
    Case(name="until 00:00", moment=at("2026-03-04 23:59"), times="wed 18:00-00:00", covered=True),
    Case(name="not from 00:00", moment=at("2026-03-05 00:00"), times="wed 18:00-00:00", covered=False),
    Case(
        name="one of several", moment=at("2026-03-07 10:00"), times="mon-fri 08:00-17:00; sat 09:00-12:00", covered=True
    ),
    Case(name="overlapping", moment=at("2026-03-04 13:00"), times="wed 08:00-12:30; wed 12:00-14:00", covered=True),
    Case(name="every day all day", moment=NOON, times="daily", covered=True),
    Case(
        name="an enrolment at night",
        moment=at("2026-03-04 03:00"),
        camera=ENROLMENT,
        purpose=ENROLMENT_CHECK,
        times="wed 08:00-17:00",
        covered=True,
    ),
    Case(name="local morning", moment=at("2026-03-04 07:30"), zone=BERLIN, times="wed 08:00-17:00", covered=True),
    Case(name="local night", moment=at("2026-03-04 16:30"), zone=BERLIN, times="wed 08:00-17:00", covered=False),
    Case(name="local weekday", moment=at("2026-03-03 23:30"), zone=BERLIN, times="wed 00:00-01:00", covered=True),
    Case(name="summer time", moment=at("2026-07-01 06:30"), zone=BERLIN, times="wed 08:00-17:00", covered=True),
    # 2026-03-29 in Berlin: 02:00 becomes 03:00. 2026-10-25: 03:00 becomes 02:00.
    Case(name="before the gap", moment=at("2026-03-29 00:59"), zone=BERLIN, times="sun 01:30-02:30", covered=True),
    Case(name="a gap's hour", moment=at("2026-03-29 01:00"), zone=BERLIN, times="sun 02:00-03:00", covered=False),
    Case(name="after the gap", moment=at("2026-03-29 01:00"), zone=BERLIN, times="sun 02:30-03:30", covered=True),
    Case(name="first 02:30", moment=at("2026-10-25 00:30"), zone=BERLIN, times="sun 02:15-02:45", covered=True),
    Case(name="second 02:30", moment=at("2026-10-25 01:30"), zone=BERLIN, times="sun 02:15-02:45", covered=True),
    Case(name="between both", moment=at("2026-10-25 01:00"), zone=BERLIN, times="sun 02:15-02:45", covered=False),
    # 2026-04-05 on Lord Howe: 02:00 becomes 01:30. 2026-10-04: 02:00 becomes 02:30.
    Case(name="first 01:45", moment=at("2026-04-04 14:45"), zone=LORD_HOWE, times="sun 01:40-01:50", covered=True),
    Case(name="second 01:45", moment=at("2026-04-04 15:15"), zone=LORD_HOWE, times="sun 01:40-01:50", covered=True),
    Case(
        name="between the halves", moment=at("2026-04-04 15:00"), zone=LORD_HOWE, times="sun 01:40-01:50", covered=False
    ),
    Case(
        name="half an hour's gap", moment=at("2026-10-03 15:30"), zone=LORD_HOWE, times="sun 02:00-02:30", covered=False
    ),
    Case(name="after half a gap", moment=at("2026-10-03 15:30"), zone=LORD_HOWE, times="sun 02:20-02:40", covered=True),
]
