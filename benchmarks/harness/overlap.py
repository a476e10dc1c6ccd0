"""The overlap of two boxes."""

from matcher.recognition.face import Box

OVERLAP = 0.3
"""Least intersection over union of a box and a face for the one to be about the other."""


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, 0 to 1."""
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(across, 0.0) * max(down, 0.0)
    return shared / (one.width * one.height + other.width * other.height - shared)
