"""Draws portraits onto a background, turned in space, and returns the position of the face."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.rehearsal.film.choreography import Pose
from ingest.rehearsal.film.portrait import Portrait
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Box

Matrix = NDArray[np.float64]

_CAMERA_DISTANCE = 16.0
"""The distance from the camera to the face, in units of the distance between its eyes: it decides how strong
perspective is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """A figure as drawn. alpha: its opacity over the rectangle (x, y, width, height) of the picture."""

    face: Box
    eye_distance: float
    x: int
    y: int
    alpha: NDArray[np.uint8]

    def covers(self, box: Box) -> float:
        """The share of a box, 0 to 1, that this figure hides."""
        left, top = max(round(box.x) - self.x, 0), max(round(box.y) - self.y, 0)
        right, bottom = round(box.x + box.width) - self.x, round(box.y + box.height) - self.y
        part = self.alpha[top : max(bottom, 0), left : max(right, 0)]
        return float(part.sum()) / 255.0 / max(box.width * box.height, 1.0)


def background(width: int, height: int, seed: int) -> Image:
    """(height, width, 3): a wall with soft light and a floor, smooth enough for no detector to see anything in it."""
    import cv2

    chance = np.random.default_rng(seed)
    wall = np.linspace(176, 146, height)[:, None] + np.zeros((1, width))
    floor = int(height * 0.8)
    wall[floor:] = np.linspace(112, 92, height - floor)[:, None]
    light = cv2.resize(chance.uniform(-18, 18, (5, 8)), (width, height), interpolation=cv2.INTER_CUBIC)
    tint = np.array([chance.uniform(0.94, 1.02), chance.uniform(0.96, 1.0), chance.uniform(0.94, 1.02)])
    picture = (wall + light)[:, :, None] * tint + chance.normal(0, 1.2, (height, width, 1))
    smooth: Image = cv2.GaussianBlur(picture, (0, 0), 1.0).clip(0, 255).astype(np.uint8)
    return smooth


def draw(picture: Image, portrait: Portrait, pose: Pose) -> Drawn:
    """Draws the part of the figure that is inside, in place."""
    import cv2

    height, width = picture.shape[:2]
    scale = pose.eye_distance / portrait.eye_distance
    level = min(max(int(math.log2(1 / scale)), 0), len(portrait.levels) - 1) if scale < 1 else 0
    pixels = portrait.levels[level]
    onto = _projection(portrait, pose, scale)
    corners = _project(onto, 0.0, 0.0, float(portrait.pixels.shape[1]), float(portrait.pixels.shape[0]))
    left, top = np.clip(np.floor(corners.min(axis=0)), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(axis=0)), 0, (width, height)).astype(int)
    face = _project(onto, portrait.face.x, portrait.face.y, portrait.face.width, portrait.face.height)
    (x0, y0), (x1, y1) = face.min(axis=0), face.max(axis=0)
    shape = (max(int(bottom - top), 0), max(int(right - left), 0))
    alpha = np.zeros(shape, np.uint8)
    if min(shape) > 0:
        ratio = np.array([portrait.pixels.shape[1] / pixels.shape[1], portrait.pixels.shape[0] / pixels.shape[0], 1])
        shift = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]], np.float64)
        warped = cv2.warpPerspective(pixels, shift @ onto @ np.diag(ratio), shape[::-1], flags=cv2.INTER_LINEAR)
        alpha = cv2.extractChannel(warped, 3)
        rest = cv2.cvtColor(255 - alpha, cv2.COLOR_GRAY2BGR)
        behind = cv2.multiply(picture[top:bottom, left:right], rest, scale=1 / 255)
        picture[top:bottom, left:right] = cv2.add(behind, cv2.cvtColor(warped, cv2.COLOR_BGRA2BGR))
    return Drawn(
        face=Box(x=float(x0), y=float(y0), width=float(x1 - x0), height=float(y1 - y0)),
        eye_distance=pose.eye_distance * math.cos(math.radians(pose.yaw)),
        x=int(left),
        y=int(top),
        alpha=alpha,
    )


def _projection(portrait: Portrait, pose: Pose, scale: float) -> Matrix:
    """(3, 3): from the portrait's pixels to the picture's, for a flat portrait turned about the face's centre."""
    yaw, pitch, roll = (math.radians(angle) for angle in (pose.yaw, pose.pitch, pose.roll))
    about_y = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
    about_z = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    turn = about_z @ about_x @ about_y
    centre = (portrait.face.x + portrait.face.width / 2, portrait.face.y + portrait.face.height / 2)
    from_centre = np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1.0]])
    away = _CAMERA_DISTANCE * pose.eye_distance
    # A point (u, v, 0) of the plane is seen at away * (x, y) / (away + z): columns of u, v and 1.
    seen = np.array([[away * turn[0, 0], away * turn[0, 1], 0], [away * turn[1, 0], away * turn[1, 1], 0], [0, 0, 0]])
    seen[2] = [turn[2, 0], turn[2, 1], away]
    place: Matrix = np.array([[1, 0, pose.x], [0, 1, pose.y], [0, 0, 1.0]]) @ seen @ from_centre
    return place


def _project(onto: Matrix, x: float, y: float, width: float, height: float) -> Matrix:
    """(4, 2): the transformed corners of a rectangle."""
    corners = np.array([[x, y, 1], [x + width, y, 1], [x + width, y + height, 1], [x, y + height, 1]])
    mapped = corners @ onto.T
    points: Matrix = mapped[:, :2] / mapped[:, 2:]
    return points
