"""A camera: where its stream is, and what it may be used for."""

from dataclasses import dataclass, field


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
    same host and port. Faces are looked for in it, and the main stream is decoded only for samples.
    purpose: what its searches are for; only consents for it are searched. analysed_fps: frames looked at a second.
    min_eye_distance: pixels asked for between the eyes before a face is searched.
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
