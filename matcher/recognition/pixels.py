"""The door to OpenCV for recognition: the few operations on pixels that it needs, and nothing else imports cv2 here.

cv2 is imported inside each function, so that importing this file loads nothing.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image

Floats = NDArray[np.float32]
Exact = NDArray[np.float64]

LEAST_SCALE = 1e-4
"""A matrix that scales by less comes from points that lie on one spot: what it cuts is black."""


def limit_threads(threads: int) -> None:
    """How many threads OpenCV uses, in the whole process."""
    import cv2

    cv2.setNumThreads(threads)


def shrink(image: Image, width: int, height: int) -> Image:
    """The picture scaled down by averaging areas, so that nothing aliases."""
    import cv2

    as_stored, quarters = _as_stored(image)
    if quarters:
        size = (height, width) if quarters % 2 else (width, height)
        return np.ascontiguousarray(np.rot90(shrink(as_stored, *size), -quarters))
    if image.shape[:2] == (3 * height, 3 * width):
        # From 1080p to 640×360: the same numbers in under half the time, for INTER_AREA has no vector code for thirds.
        means = cv2.blur(image, (3, 3), anchor=(0, 0))
        return cast("Image", cv2.resize(means, (width, height), interpolation=cv2.INTER_NEAREST))
    return cast("Image", cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))


def _as_stored(image: Image) -> tuple[Image, int]:
    """The picture as its bytes lie in memory, and how many quarter turns anticlockwise that is from how it was given.

    OpenCV would make a copy of a picture that is turned only by its strides, at each call.
    """
    for quarters in range(4):
        turned = np.rot90(image, quarters)
        if turned.strides[0] >= turned.strides[1] > 0:
            return turned, quarters
    return image, 0


def _from_stored(image: Image, quarters: int) -> Exact:
    """(3, 3): from x, y, 1 in the picture as it is stored to those in `image`. quarters: see `_as_stored`."""
    right, bottom = image.shape[1] - 1, image.shape[0] - 1
    rows = {1: ([0, -1, right], [1, 0, 0]), 2: ([-1, 0, right], [0, -1, bottom]), 3: ([0, 1, 0], [-1, 0, bottom])}
    return np.array([*rows[quarters], [0, 0, 1]], np.float64)


def resize(image: Image, scale: float) -> Image:
    """The picture `scale` times as large, each way."""
    import cv2

    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cast("Image", cv2.resize(image, None, fx=scale, fy=scale, interpolation=kind))


def warp(image: Image, matrix: Exact, size: int) -> Image:
    """A (size, size) picture whose pixel at `matrix` @ (x, y, 1) is the picture's pixel at (x, y). Outside is black."""
    import cv2

    as_stored, quarters = _as_stored(image)
    if quarters:
        matrix = matrix @ _from_stored(image, quarters)
    return cast("Image", cv2.warpAffine(as_stored, matrix, (size, size), flags=cv2.INTER_LINEAR))


def cut(image: Image, matrix: Exact, size: int) -> Image:
    """As `warp`, by a similarity. A picture that is much larger is averaged down first: sampling it would alias."""
    turn, move = matrix[:, :2], matrix[:, 2]
    scale = float(np.hypot(*turn[:, 0]))
    if scale < LEAST_SCALE:
        return np.zeros((size, size, 3), np.uint8)
    step = max(1, min(int(1 / scale), *image.shape[:2]))
    part, corner = _surroundings(image, matrix, size, step)
    smaller = shrink(part, part.shape[1] // step, part.shape[0] // step) if step > 1 else part
    # A pixel's place is its middle.
    begin = corner + (step - 1) / 2
    return warp(smaller, np.column_stack([turn * step, turn @ begin + move]), size)


def _surroundings(image: Image, matrix: Exact, size: int, step: int) -> tuple[Image, Exact]:
    """The part of the picture that a warp by `matrix` looks at, its sides multiples of `step`, and its corner."""
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
    corners = np.array([[0, 0, 1], [size, 0, 1], [0, size, 1], [size, size, 1]]) @ inverse.T
    whole = np.array(image.shape[1::-1])
    begin = np.clip(np.floor(corners.min(axis=0)) - step, 0, whole - step).astype(int)
    end = np.clip(np.ceil(corners.max(axis=0)) + step, begin + step, whole).astype(int)
    (left, top), (right, bottom) = begin, begin + (end - begin) // step * step
    return image[top:bottom, left:right], begin.astype(np.float64)


def rgb(image: Image) -> Image:
    """The picture with its colours the other way round."""
    import cv2

    return cast("Image", cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def mirrored(image: Image) -> Image:
    """The picture with left and right exchanged."""
    import cv2

    return cast("Image", cv2.flip(image, 1))


def with_mirror_images(images: Sequence[Image]) -> list[Image]:
    """The pictures, and behind them their mirror images."""
    return [*images, *(mirrored(image) for image in images)]


def planes(images: Sequence[Image], multiple: int) -> NDArray[np.uint8]:
    """(n, 3, height, width): the colours of n pictures of one size apart.

    Black rows below and black columns at the right bring both sides to a multiple of `multiple`.
    """
    import cv2

    height, width = images[0].shape[:2]
    apart = np.zeros((len(images), 3, height + -height % multiple, width + -width % multiple), np.uint8)
    for image, colours in zip(images, apart, strict=True):
        cv2.split(image, list(colours[:, :height, :width]))
    return apart


def suppress(
    boxes: NDArray[np.int32], scores: Floats, overlap: float, *, pictures: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """Which of the (n, 4) boxes x, y, width, height stay, best first: of two overlapping more, the better.

    pictures: (n,) which picture each box is in, where they are not in one; boxes of two pictures do not overlap.
    """
    import cv2

    # OpenCV keeps pictures apart by moving their boxes, as far as the greatest coordinate: there may be none below 0.
    placed = boxes - boxes.min(axis=0, initial=0) * [1, 1, 0, 0]
    groups = np.zeros(len(boxes), np.intp) if pictures is None else pictures
    kept = cv2.dnn.NMSBoxesBatched(placed.tolist(), scores.tolist(), groups.tolist(), 0.0, overlap)
    return np.asarray(kept, np.intp).reshape(-1)


def sharpness_and_brightness(chip: Image) -> tuple[float, float]:
    """The variance of the Laplacian and the mean of the chip's grey."""
    import cv2

    grey = cv2.cvtColor(chip, cv2.COLOR_BGR2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var()), float(grey.mean())


def jpeg(image: Image, quality: int) -> bytes:
    """The picture as a JPEG."""
    import cv2

    _, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return data.tobytes()
