"""The kinds and levels of degradation."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ingest.rehearsal.film.film import after_compression
from ingest.rehearsal.film.relief import seen_from_above
from matcher.picture.pixel_array import Image
from matcher.recognition import pixels
from matcher.recognition.face import Face
from matcher.recognition.image import decode_image

EYE_DISTANCE = 32.0
"""Pixels between the eyes at which everything except size is measured: those of a good camera."""

ORDINARY_QUANTISER = 32
"""H.264's quantiser of a camera that is neither starved nor spoilt: small faces are measured through it as well."""

FILM_FRAMES = 8
STEP = 0.75
"""Pixels by which the picture moves between two frames of a film, across and down."""

Degrade = Callable[[Image, Face], tuple[Image, float]]
"""Degrades a picture, given the face in its original; returns it and its bits a pixel, or NaN."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """One point of a curve. value: in the curve's unit."""

    value: float
    degrade: Degrade


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One kind of degradation, its levels from mild to hard.

    name: the quantity that a camera needs. judged_by: the measure by which a camera is judged, see `degradation_needs`;
    None: for information only. eye_distance: what pictures are scaled down to first; None: they stay as large as they
    are.
    """

    name: str
    label: str
    unit: str
    judged_by: str | None
    eye_distance: float | None
    levels: tuple[Level, ...]


def at_eye_distance(image: Image, face: Face, wanted: float) -> Image:
    """The picture scaled down to this distance of the eyes in pixels; never up."""
    present = float(np.hypot(*(face.landmarks[1] - face.landmarks[0])))
    scale = min(wanted / max(present, 1.0), 1.0)
    height, width = image.shape[:2]
    if scale == 1.0:
        return image
    return pixels.shrink(image, max(round(width * scale), 1), max(round(height * scale), 1))


def blurred(image: Image, sigma: float) -> Image:
    """By a Gaussian; sigma in pixels."""
    import cv2

    worse: Image = cv2.GaussianBlur(image, (0, 0), sigma)
    return worse


def noisy(image: Image, sigma: float) -> Image:
    """With Gaussian noise in each colour, the same at every run; sigma in steps of 255."""
    noise = np.random.default_rng(0).normal(0, sigma, image.shape)
    return (image + noise).clip(0, 255).astype(np.uint8)


def lit(image: Image, factor: float) -> Image:
    """The picture with its light multiplied by a factor: values over 255 are clipped, and values between two steps
    rounded."""
    return (image * factor).clip(0, 255).astype(np.uint8)


def as_jpeg(image: Image, quality: int) -> tuple[Image, float]:
    """After JPEG, and bits a pixel."""
    data = pixels.jpeg(image, quality)
    return decode_image(data), 8 * len(data) / (image.shape[0] * image.shape[1])


def as_film(image: Image, quantiser: int) -> tuple[Image, float]:
    """As the last frame of a short H.264 film in which the picture moves, so that it is predicted as a walker is."""
    import cv2

    height, width = (side - side % 2 for side in image.shape[:2])
    frames = []
    for number in range(FILM_FRAMES):
        away = STEP * (FILM_FRAMES - 1 - number)
        move = np.array([[1.0, 0.0, away], [0.0, 1.0, away]])
        frames.append(cv2.warpAffine(image, move, (width, height), borderMode=cv2.BORDER_REPLICATE))
    return after_compression(frames, quantiser=quantiser)


def _plain(degrade: Callable[[Image, float], Image], values: tuple[float, ...]) -> tuple[Level, ...]:
    def level(value: float) -> Level:
        return Level(value=value, degrade=lambda image, _: (degrade(image, value), float("nan")))

    return tuple(level(value) for value in values)


def _coded(degrade: Callable[[Image, int], tuple[Image, float]], values: tuple[int, ...]) -> tuple[Level, ...]:
    def level(value: int) -> Level:
        return Level(value=value, degrade=lambda image, _: degrade(image, value))

    return tuple(level(value) for value in values)


def _smaller(wanted: float, *, film: bool) -> Level:
    def degrade(image: Image, face: Face) -> tuple[Image, float]:
        small = at_eye_distance(image, face, wanted)
        return as_film(small, ORDINARY_QUANTISER) if film else (small, float("nan"))

    return Level(value=wanted, degrade=degrade)


def _nodding(degrees: tuple[float, ...]) -> tuple[Level, ...]:
    def level(value: float) -> Level:
        return Level(value=value, degrade=lambda image, face: (seen_from_above(image, face, value), float("nan")))

    return tuple(level(value) for value in degrees)


SIZES = (40.0, 32.0, 28.0, 24.0, 20.0, 16.0, 12.0, 10.0, 8.0)

CURVES = (
    Curve(
        name="eye_distance",
        label=f"pixels between the eyes, through H.264 at quantiser {ORDINARY_QUANTISER}",
        unit="pixels",
        judged_by="eye_distance",
        eye_distance=None,
        levels=tuple(_smaller(size, film=True) for size in SIZES),
    ),
    Curve(
        name="eye_distance_uncompressed",
        label="pixels between the eyes, scaled only",
        unit="pixels",
        judged_by=None,
        eye_distance=None,
        levels=tuple(_smaller(size, film=False) for size in SIZES),
    ),
    Curve(
        name="sharpness",
        label="Gaussian blur, sigma in pixels",
        unit="pixels",
        judged_by="sharpness",
        eye_distance=EYE_DISTANCE,
        levels=_plain(blurred, (0.7, 1.0, 1.3, 1.6, 2.0, 2.5)),
    ),
    Curve(
        name="noise",
        label="noise, sigma of 255",
        unit="steps of 255",
        judged_by="value",
        eye_distance=EYE_DISTANCE,
        levels=_plain(noisy, (5.0, 10.0, 20.0, 30.0, 40.0)),
    ),
    Curve(
        name="quantiser",
        label="H.264's quantiser",
        unit="0 to 51",
        judged_by="value",
        eye_distance=EYE_DISTANCE,
        levels=_coded(as_film, (24, 28, 32, 34, 36, 38, 40, 44)),
    ),
    Curve(
        name="bits_per_pixel",
        label="JPEG's quality",
        unit="1 to 100",
        judged_by="bits_per_pixel",
        eye_distance=EYE_DISTANCE,
        levels=_coded(as_jpeg, (90, 60, 40, 25, 15, 8)),
    ),
    Curve(
        name="darkness",
        label="times the light",
        unit="times",
        judged_by="brightness",
        eye_distance=EYE_DISTANCE,
        levels=_plain(lit, (0.5, 0.35, 0.25, 0.15, 0.1, 0.05)),
    ),
    Curve(
        name="brightness",
        label="times the light",
        unit="times",
        judged_by="brightness",
        eye_distance=EYE_DISTANCE,
        levels=_plain(lit, (1.4, 1.7, 2.0, 2.3, 2.8)),
    ),
    Curve(
        name="pitch_down",
        label="seen from above, the picture turned as a relief",
        unit="degrees",
        judged_by="value",
        eye_distance=None,
        levels=_nodding((10.0, 20.0, 30.0, 40.0, 50.0)),
    ),
    Curve(
        name="pitch_up",
        label="seen from below, the picture turned as a relief",
        unit="degrees",
        judged_by="value",
        eye_distance=None,
        levels=_nodding((-10.0, -20.0, -30.0, -40.0, -50.0)),
    ),
)
