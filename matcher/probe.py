"""What is searched with."""

from dataclasses import dataclass

from matcher.recognition.quality import Quality
from matcher.recognition.template import Template

CAMERA_ACTOR = "camera:"
"""How the actor of a camera's search begins; its id follows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Probe:
    """A face to be searched for. `crop` is a JPEG of it, kept (sealed) only if a candidate is found."""

    template: Template
    quality: Quality
    crop: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Query:
    """Who asks, as what, from where, why. All of it goes into the request entry.

    actor: `camera:<id>`, `user:<id>` or `cli:<login>`. camera: a camera's id or UPLOAD.
    """

    actor: str
    role: str
    camera: str
    purpose: str
    case_reference: str | None = None
