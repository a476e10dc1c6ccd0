"""Measures of one face: what the quality gate judges by."""

import numpy as np
from numpy.typing import NDArray

from matcher.recognition import pixels
from matcher.recognition.alignment import sface_chip
from matcher.recognition.face import Face, Image
from matcher.recognition.quality import Quality

Points = NDArray[np.float64]

_HEAD: Points = np.array(
    [[-31.5, -33.0, 0.0], [31.5, -33.0, 0.0], [0.0, 4.7, -27.0], [-25.0, 34.0, -2.0], [25.0, 34.0, -2.0]]
)
"""A middling head in millimetres: eyes, tip of the nose, corners of the mouth; x to the right and y downwards in the
picture, z away from the camera."""


def assess(image: Image, face: Face) -> Quality:
    """The quality of a face in its picture."""
    chip = sface_chip(image, face)
    sharpness, brightness = pixels.sharpness_and_brightness(chip)
    yaw, pitch, roll = pose(face.landmarks.astype(np.float64))
    return Quality(
        eye_distance=float(np.hypot(*(face.landmarks[1] - face.landmarks[0]))),
        sharpness=sharpness,
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        brightness=brightness,
        inside=inside(image, face),
    )


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


def inside(image: Image, face: Face) -> float:
    """The share of the face's box that lies in the picture, 0 to 1."""
    box, (height, width) = face.box, image.shape[:2]
    across = min(box.x + box.width, width) - max(box.x, 0)
    down = min(box.y + box.height, height) - max(box.y, 0)
    whole = box.width * box.height
    return max(across, 0) * max(down, 0) / whole if whole > 0 else 0.0
