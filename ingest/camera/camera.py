"""A camera: where its stream is, and what it may be used for."""

from dataclasses import dataclass, field

UNVERIFIED = "unverified"
"""Camera.certificate: any certificate is accepted."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A camera's login. Kept apart from the address, and shown by neither repr nor str."""

    username: str
    password: str = field(repr=False)

    def __repr__(self) -> str:
        return "Credentials(…)"


@dataclass(frozen=True, kw_only=True)
class Camera:
    """One camera. `address` never holds a login: an URL (rtsp, rtsps, http, https), a file's path or a device.

    It may hold a password in its path or query all the same, so repr does not show it.

    substream: the address of a smaller picture of the same view that the camera sends beside the main one, from the
    same host and port. Faces are looked for in it, and the main stream is decoded only for samples. purpose: what its
    searches are for; only consents for it are searched. analysed_fps: frames analysed a second. min_eye_distance: the
    least distance of the eyes, in pixels, of a face that is searched for. rotation: degrees clockwise by which the
    picture is turned before it is analysed: 0, 90, 180 or 270. mirrored: left and right are exchanged, after the
    rotation. aspect: width to height of the whole picture before the rotation, such as "16:9"; overrides the stream's
    sample aspect ratio. None: as the stream says. certificate: of rtsps and https cameras only. None: a trusted CA must
    have issued it for the address's host; "sha256:<64 hex digits>": exactly this certificate; UNVERIFIED: any
    certificate. snapshot_seconds: pause between two requests to a camera that sends one still picture per request.
    time_zone: IANA name of the camera's time zone, in which the hours of consents are read. None: the site's.
    """

    id: str
    name: str
    address: str = field(repr=False)
    purpose: str
    credentials: Credentials | None = field(default=None, repr=False)
    substream: str | None = field(default=None, repr=False)
    analysed_fps: float = 5.0
    min_eye_distance: float = 20.0
    enabled: bool = True
    rotation: int = 0
    mirrored: bool = False
    aspect: str | None = None
    certificate: str | None = None
    snapshot_seconds: float = 1.0
    time_zone: str | None = None


@dataclass(frozen=True, kw_only=True)
class ListedCamera:
    """What is shown of a camera where its stream does not matter: what it is called, what and when it searches for."""

    id: str
    name: str
    purpose: str
    time_zone: str | None
