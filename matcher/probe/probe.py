"""What is searched with."""

from dataclasses import dataclass

from matcher.plain_text import tidied
from matcher.recognition.quality import Quality
from matcher.recognition.template import Template

CAMERA_ACTOR = "camera:"
"""How the actor of a camera's search begins; its id follows."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a probe comes from whose photograph was searched for all its faces. It goes into the request entry.

    photograph: a random id, the same for all faces of one call. face: its index, from 1, the largest first. searched:
    how many faces the call searches for. least_eye_distance: pixels, the least that was asked of these faces.
    """

    photograph: str
    face: int
    searched: int
    least_eye_distance: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Probe:
    """A face to be searched for. `crop` is a JPEG of it, kept (sealed) only if a candidate is found.

    origin: None for a picture's only or chosen face, and for a camera's sample.
    """

    template: Template
    quality: Quality
    crop: bytes | None = None
    origin: Origin | None = None


@dataclass(frozen=True, kw_only=True)
class Query:
    """Who asks, as what, from where, why. All of it goes into the request entry.

    actor: `camera:<id>`, `user:<id>` or `cli:<login>`; of people, an `Actor` that says by which session or token.
    camera: a camera's id or UPLOAD. time_zone: the camera's, by whose clocks the hours of consents are read; None: the
    site's.
    """

    actor: str
    role: str
    camera: str
    purpose: str
    case_reference: str | None = None
    time_zone: str | None = None

    def __post_init__(self) -> None:
        """Composes the purpose, so that two are equal if they look the same."""
        object.__setattr__(self, "purpose", tidied(self.purpose))
