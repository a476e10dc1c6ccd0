"""How a camera's picture is stretched, rotated and mirrored before it is analysed."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

from ingest.camera.camera import Camera
from matcher.errors import ClearglassError

ROTATIONS = (0, 90, 180, 270)
"""Degrees clockwise."""

WIDEST = Fraction(4)
"""The greatest ratio of one side of a picture to the other that `parse_aspect` accepts."""

_ASPECT = re.compile(r"\s*([0-9]{1,4})\s*:\s*([0-9]{1,4})\s*", re.ASCII)


class AspectError(ClearglassError):
    """A picture's aspect ratio cannot be parsed, or is out of bounds."""

    code: ClassVar[str] = "camera_aspect_invalid"


@dataclass(frozen=True, kw_only=True)
class PictureShape:
    """A camera's settings for the shape of its picture.

    rotation: degrees clockwise by which the picture is turned, one of ROTATIONS. mirrored: left and right are exchanged
    after the rotation. aspect: width to height of the whole picture before the rotation, as `parse_aspect` reads it; it
    overrides the stream's sample aspect ratio. None: the stream's own holds.
    """

    rotation: int = 0
    mirrored: bool = False
    aspect: str | None = None

    @classmethod
    def of(cls, camera: Camera) -> Self:
        """The camera's settings."""
        return cls(rotation=camera.rotation, mirrored=camera.mirrored, aspect=camera.aspect)


def parse_aspect(text: str) -> Fraction:
    """Width to height of a picture, from a text such as "16:9". Raises AspectError unless it is from 1:4 to 4:1."""
    found = _ASPECT.fullmatch(text)
    if found is None or not int(found[1]) or not int(found[2]):
        raise AspectError(
            "The picture's aspect ratio is not written as two whole numbers with a colon between them.",
            remedy="Write width to height of the whole picture, such as 16:9 or 4:3.",
        )
    aspect = Fraction(int(found[1]), int(found[2]))
    if not 1 / WIDEST <= aspect <= WIDEST:
        raise AspectError(
            f"The picture's aspect ratio {found[1]}:{found[2]} is not between 1:{WIDEST} and {WIDEST}:1.",
            remedy="Write width to height of the whole picture, such as 16:9 or 4:3.",
        )
    return aspect
