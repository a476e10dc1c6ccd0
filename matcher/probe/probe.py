"""Probes and the requests of searches."""

from dataclasses import dataclass

from matcher.plain_text import tidied
from matcher.recognition.quality import Quality
from matcher.recognition.template import Template

CAMERA_ACTOR = "camera:"
"""The prefix of the actor of a camera's search; the camera's id follows."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The origin of a probe from a photograph of which all faces are searched for. It goes into the request entry.
    photograph: a random id, the same for all faces of one call. face: its number, from 1, the largest first. searched:
    the number of faces that the call searches for. least_eye_distance: the least distance of the eyes, in pixels, that
    the call accepts.
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
    """The request of a search: actor, role, place and purpose. All of it goes into the request entry.

    actor: `camera:<id>`, `user:<id>` or `cli:<login>`; for people an `Actor`, which contains the session or token.
    camera: a camera's id or UPLOAD. time_zone: the camera's, in which the hours of consents are read; None: the site's.
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
