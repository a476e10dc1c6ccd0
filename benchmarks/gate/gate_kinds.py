"""The kinds and degrees of degradation for `benchmarks.gate.gate`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image
from matcher.recognition import pixels
from matcher.recognition.face import Face

QUALITY = 92
"""JPEG's quality of a picture that is handed in, 1 to 100, where compression is not what is measured."""

ANGLES = tuple(range(0, 360, 30))
"""Degrees clockwise."""

Disturb = Callable[[Image, Face], Image]
"""Degrades a picture, given the face that was found in it."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of degradation at one degree. name: of the kind. degree: as tables show it. quality: of the JPEG that
    the picture is handed in as.
    """

    name: str
    degree: str
    disturb: Disturb
    quality: int = QUALITY

    @property
    def label(self) -> str:
        """The composition of both."""
        return f"{self.name} {self.degree}".strip()


UPRIGHT = Kind(name="upright", degree="", disturb=lambda image, _: image)


def turned(image: Image, degrees: float) -> Image:
    """Turned clockwise. Quarter turns are exact; otherwise new areas mirror the picture's edge."""
    import cv2

    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(image, -round(degrees / 90)))
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
    return np.asarray(
        cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101),
        np.uint8,
    )


def cut(image: Image, face: Face, share: float, side: str) -> Image:
    """The picture ends inside the face's box, of which `share` is missing at that side: left, right, top or bottom."""
    box, (height, width) = face.box, image.shape[:2]
    left, top, right, bottom = 0.0, 0.0, float(width), float(height)
    match side:
        case "left":
            left = box.x + share * box.width
        case "right":
            right = box.x + (1 - share) * box.width
        case "top":
            top = box.y + share * box.height
        case _:
            bottom = box.y + (1 - share) * box.height
    begin = np.clip(np.round([top, left]), 0, np.array([height, width]) - 1).astype(int)
    end = np.clip(np.round([bottom, right]), begin + 1, [height, width]).astype(int)
    return image[begin[0] : end[0], begin[1] : end[1]].copy()


def squeezed(image: Image, across: float, down: float) -> Image:
    """Scaled to these shares of its width and height, each at most 1."""
    height, width = image.shape[:2]
    return pixels.shrink(image, max(1, round(width * across)), max(1, round(height * down)))


def smeared(image: Image, face: Face, share: float, degrees: float) -> Image:
    """As by a movement during the exposure: over `share` of the distance between the eyes, 0 degrees is across."""
    import cv2

    length = max(share * eye_distance(face), 1.0)
    side = 2 * int(np.ceil(length / 2)) + 1
    kernel = np.zeros((side, side), np.float32)
    for step in np.linspace(-length / 2, length / 2, 8 * side):
        across, down = step * np.cos(np.radians(degrees)), step * np.sin(np.radians(degrees))
        kernel[round(down + side // 2), round(across + side // 2)] += 1
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101), np.uint8)


def darkened(image: Image, share: float) -> Image:
    """With `share` of its light; what is between two steps of 255 is lost."""
    return (image * share).astype(np.uint8)


def with_glasses(image: Image, face: Face) -> Image:
    """Dark glasses."""
    import cv2

    worse, landmarks, eyes = image.copy(), face.landmarks, eye_distance(face)
    right, left = landmarks[0], landmarks[1]
    dark, degrees = (25, 25, 25), roll(face)
    for eye in (right, left):
        axes = (round(0.38 * eyes), round(0.30 * eyes))
        cv2.ellipse(worse, _place(eye), axes, degrees, 0, 360, dark, -1, cv2.LINE_AA)
    cv2.line(worse, _place(right), _place(left), dark, max(1, round(0.08 * eyes)), cv2.LINE_AA)
    return worse


def with_mask(image: Image, face: Face) -> Image:
    """A mask from the bridge of the nose to the chin."""
    across, down = _axes(face)
    middle = (face.landmarks[0] + face.landmarks[1]) / 2
    corners = [(-0.25, 0.35), (0.25, 0.35), (1.0, 0.6), (0.9, 1.5), (0.4, 2.0), (-0.4, 2.0), (-0.9, 1.5), (-1.0, 0.6)]
    return _filled(image, [middle + x * across + y * down for x, y in corners], (215, 190, 160))


def with_hand(image: Image, face: Face) -> Image:
    """A bar of the colour of the face's own skin, as a hand before the mouth and one cheek."""
    across, down = _axes(face)
    middle = (face.landmarks[3] + face.landmarks[4]) / 2
    corners = [(-0.6, -0.45), (1.6, -0.45), (1.6, 0.45), (-0.6, 0.45)]
    nose = face.landmarks[2].round().astype(int).clip(0, np.array(image.shape[1::-1]) - 1)
    colour = image[max(nose[1] - 2, 0) : nose[1] + 3, max(nose[0] - 2, 0) : nose[0] + 3].reshape(-1, 3).mean(axis=0)
    red, green, blue = (float(value) for value in colour)
    return _filled(image, [middle + x * across + y * down for x, y in corners], (red, green, blue))


def _filled(image: Image, corners: list[NDArray[np.float32]], colour: tuple[float, float, float]) -> Image:
    import cv2

    worse = image.copy()
    cv2.fillPoly(worse, [np.stack(corners).round().astype(np.int32)], colour, cv2.LINE_AA)
    return worse


def _axes(face: Face) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """From the right eye to the left one, and as far down the face."""
    across = face.landmarks[1] - face.landmarks[0]
    return across, np.array([-across[1], across[0]], np.float32)


def _place(point: NDArray[np.float32]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def eye_distance(face: Face) -> float:
    """In pixels."""
    return float(np.hypot(*(face.landmarks[1] - face.landmarks[0])))


def roll(face: Face) -> float:
    """The angle of the line through the eyes, in degrees clockwise."""
    across = face.landmarks[1] - face.landmarks[0]
    return float(np.degrees(np.arctan2(across[1], across[0])))


def _kinds() -> Iterator[Kind]:
    yield UPRIGHT
    for degrees in ANGLES[1:]:
        yield Kind(name="turned", degree=f"{degrees}°", disturb=partial(_without_face, turned, degrees=degrees))
    for share in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5):
        for side in ("left", "right", "top", "bottom"):
            yield Kind(name="cut", degree=f"{share:.0%} at the {side}", disturb=partial(cut, share=share, side=side))
    for across, down in ((0.75, 1.0), (0.5, 1.0), (1.0, 0.75), (1.0, 0.5)):
        yield Kind(
            name="squeezed",
            degree=f"to {across:g} × {down:g}",
            disturb=partial(_without_face, squeezed, across=across, down=down),
        )
    for share in (0.15, 0.3, 0.45):
        for degrees, way in ((0, "across"), (90, "down")):
            yield Kind(
                name="smeared",
                degree=f"{share:g} eye distances {way}",
                disturb=partial(smeared, share=share, degrees=degrees),
            )
    for share in (0.5, 0.25, 0.15):
        yield Kind(name="darkened", degree=f"to {share:g}", disturb=partial(_without_face, darkened, share=share))
    for what, cover in (("dark glasses", with_glasses), ("mask", with_mask), ("hand", with_hand)):
        yield Kind(name="covered", degree=what, disturb=cover)
    for quality in (40, 20, 10, 5):
        yield Kind(name="compressed", degree=f"JPEG quality {quality}", disturb=lambda image, _: image, quality=quality)


def _without_face(disturb: Callable[..., Image], image: Image, _: Face, **how: float) -> Image:
    return disturb(image, **how)


KINDS: Mapping[str, Kind] = {kind.label: kind for kind in _kinds()}
"""By label, in the order of tables."""
