"""The health of a camera."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class CameraState(StrEnum):
    """The state of a camera."""

    STARTING = "starting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    RESTARTING = "restarting"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class Health:
    """Counters since the service started (they survive a worker's restart) and the present state.

    bitrate: bits a second, frame_rate: frames received a second, both over the last seconds. newest_frame_age: seconds,
    None before the first frame. reconnects: new attempts after a stream was lost or could not be opened. refused: faces
    that the quality gate refused, by reason. error: the last failure as a sentence, without any secret.
    received_packets, lost_packets: RTP packets, counted by the relay; both stay 0 for streams without RTP. turned:
    degrees clockwise (90, 180, 270) to add to the camera's rotation to make its faces upright; None when they are, or
    when too few were seen. retry_at: UTC, when a login that the camera refused is tried next.
    """

    camera_id: str
    state: CameraState
    width: int = 0
    height: int = 0
    frame_rate: float = 0.0
    bitrate: float = 0.0
    analysed_rate: float = 0.0
    newest_frame_age: float | None = None
    frames: int = 0
    analysed: int = 0
    dropped: int = 0
    bytes: int = 0
    reconnects: int = 0
    restarts: int = 0
    passages: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    error: str | None = None
    received_packets: int = 0
    lost_packets: int = 0
    turned: int | None = None
    retry_at: datetime | None = None
