"""Measures of one face: what the quality gate judges by."""

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image
from matcher.recognition import pixels
from matcher.recognition.face import Face
from matcher.recognition.networks import polygon
from matcher.recognition.networks.alignment import SFACE_POINTS, SFACE_SIZE, onto
from matcher.recognition.quality import Quality

Points = NDArray[np.float64]

_FACE = np.s_[40:105, 29:84]
_FEATURES = (np.s_[6:19, 0:19], np.s_[6:19, 36:55], np.s_[45:60, 12:43])
"""Rows and columns of SFace's chip that are face; and of those, the eyes and the mouth."""

_BELOW_THE_BROW = np.s_[36:112, 16:96]
"""Rows and columns without what is written on caps."""

_HEAD: Points = np.array(
    [[-31.5, -33.0, 0.0], [31.5, -33.0, 0.0], [0.0, 4.7, -27.0], [-25.0, 34.0, -2.0], [25.0, 34.0, -2.0]]
)
"""A middling head in millimetres: eyes, tip of the nose, corners of the mouth; x to the right and y downwards in the
picture, z away from the camera."""


def assess(image: Image, face: Face) -> Quality:
    """The quality of a face in its picture."""
    matrix = onto(face, SFACE_POINTS)
    chip = pixels.cut(image, matrix, SFACE_SIZE)
    sharpness, brightness = pixels.sharpness_and_brightness(chip)
    yaw, pitch, roll = pose(face.landmarks.astype(np.float64))
    return Quality(
        eye_distance=float(np.hypot(*(face.landmarks[1] - face.landmarks[0]))),
        sharpness=sharpness,
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        brightness=brightness,
        inside=inside(image, matrix),
        contrast=contrast(chip),
        evenness=evenness(chip),
    )


def contrast(chip: Image) -> float:
    """The least standard deviation of grey at an eye or the mouth of an aligned chip, as a share of its face's mean.

    Dark glasses, masks and hands are plainer than what they cover.
    """
    grey = chip[_FACE].mean(axis=2)
    return min(float(grey[place].std()) for place in _FEATURES) / max(float(grey.mean()), 1.0)


def evenness(chip: Image) -> float:
    """The variance of the second difference of a chip's grey in that of four directions in which it is least.

    As a share of the Laplacian's; 0 of a chip that is all of one grey.
    """
    grey = chip[_BELOW_THE_BROW].mean(axis=2, dtype=np.float32)
    middle = 2 * grey[1:-1, 1:-1]
    across = grey[1:-1, :-2] + grey[1:-1, 2:] - middle
    down = grey[:-2, 1:-1] + grey[2:, 1:-1] - middle
    aslant = (grey[:-2, :-2] + grey[2:, 2:] - middle, grey[:-2, 2:] + grey[2:, :-2] - middle)
    whole = float((across + down).var())
    return min(float(one.var()) for one in (across, down, *aslant)) / whole if whole > 0 else 0.0


def pose(landmarks: Points) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a head with these (5, 2) landmarks, 0 when it faces the camera.

    Yaw is positive when the nose points to the right of the picture, pitch when it points down, roll when the head
    is turned clockwise. One step of POS (DeMenthon and Davis, IJCV 1995): the camera is taken as scaled orthographic.
    """
    centred = landmarks - landmarks.mean(axis=0)
    rows = np.linalg.pinv(_HEAD - _HEAD.mean(axis=0)) @ centred
    lengths = np.linalg.norm(rows, axis=0)
    if lengths.min() < 1e-9:
        return 90.0, 0.0, 0.0
    across, down = (rows / lengths).T
    # The two rows are those of a rotation only roughly; the nearest true one is what the singular vectors make.
    left, _, right = np.linalg.svd(np.stack([across, down, np.cross(across, down)]))
    rotation = left @ np.diag([1.0, 1.0, float(np.linalg.det(left @ right))]) @ right
    forward = rotation @ np.array([0.0, 0.0, -1.0])
    yaw = np.degrees(np.arctan2(forward[0], -forward[2]))
    pitch = np.degrees(np.arcsin(np.clip(forward[1], -1, 1)))
    roll = np.degrees(np.arctan2(rotation[1, 0], rotation[0, 0]))
    return float(yaw), float(pitch), float(roll)


def inside(image: Image, matrix: Points) -> float:
    """The share of the aligned chip's area that lies in the picture, 0 to 1; 0 of landmarks that are no face's.

    matrix: (2, 3), from the picture to the chip.

    Not of the detector's box: a detector ends that at the picture's edge, however much of the face is beyond it.
    """
    if np.hypot(*matrix[:, 0]) < pixels.LEAST_SCALE:
        return 0.0
    # A pixel's place is its middle: a picture's edge is half a pixel farther out.
    low, high, (height, width) = -0.5, SFACE_SIZE - 0.5, image.shape[:2]
    chip = np.array([[low, low, 1], [high, low, 1], [high, high, 1], [low, high, 1]])
    placed = chip @ np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2].T
    least, most = (-0.5, -0.5), (width - 0.5, height - 0.5)
    if np.all((least <= placed) & (placed <= most)):
        return 1.0
    corners = [(x, y) for x, y in placed.tolist()]
    part = polygon.within(corners, least, most)
    return min(polygon.area(part) / polygon.area(corners), 1.0)
