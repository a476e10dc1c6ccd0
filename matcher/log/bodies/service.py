"""What entries say of the service itself: its start and stop, model, cameras, key and clock."""

from typing import Literal

from matcher.log.bodies.parts import Actor, Count, EntryPart, Fusion, Name, Point, Sha256, Time, TimeZone, Via


class Setting(EntryPart):
    """With what searches are made."""

    model_digest: Sha256 | None
    fusion: Fusion | None
    operating_point: Point | None


class Model(EntryPart):
    """Model, fusion or threshold are not those of the start before."""

    before: Setting
    after: Setting


class Camera(EntryPart):
    """A camera came, changed or went. place: host and port, or "local".

    certificate: which certificates of a camera with TLS are accepted. "verified": one that a trusted CA issued for its
    host; "pinned": exactly one; "unverified": any. Missing for a camera without TLS. time_zone: missing where it is the
    site's.
    """

    action: Literal["added", "changed", "removed"]
    actor: Actor
    camera: str
    name: Name
    place: str
    purpose: Name
    enabled: bool
    certificate: Literal["verified", "pinned", "unverified"] | None = None
    time_zone: TimeZone | None = None
    via: Via | None = None


class Key(EntryPart):
    """A key of the log's own came, to sign beside the one before, or went. key: its public half. actor: missing where
    the change was cut off and the next start finished it."""

    action: Literal["added", "retired"]
    key: str
    actor: Actor | None = None
    via: Via | None = None


class Clock(EntryPart):
    """The clock stands before the log's last entry, since it ran ahead, and somebody lets the log go on: only here may
    the time be earlier than in the entry before. last_time: of that entry. What the clock says now is this one's time.
    """

    last_time: Time
    actor: Actor
    via: Via | None = None


class Start(EntryPart):
    """The service began, with this model, fusion, threshold and gallery. time_zone: the site's."""

    model_digest: Sha256
    fusion: Fusion
    operating_point: Point
    gallery_revision: Count
    time_zone: TimeZone | None = None


class Stop(EntryPart):
    """The service ended as it should."""
