"""Streams made on the spot to be judged: portraits that move over a wall, large or small, nodding, with losses."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ingest.rehearsal.relief import seen_from_above
from matcher.recognition.face import Face, Image

FPS = 25


def portrait(picture: Image, face: Face, *, eye_distance: float, nod: float = 0.0) -> Image:
    """Head and shoulders, eyes so many pixels apart. nod: degrees by which the head is seen from above."""
    import cv2

    seen = seen_from_above(picture, face, nod) if nod else picture
    eyes = face.landmarks[:2].mean(axis=0)
    span = float(np.hypot(*(face.landmarks[1] - face.landmarks[0])))
    left, top = (max(int(edge - 2.2 * span), 0) for edge in eyes)
    cut = seen[top : int(eyes[1] + 3 * span), left : int(eyes[0] + 2.2 * span)]
    scale = eye_distance / span
    small: Image = cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return small


def write_stream(
    path: Path,
    people: Sequence[Image],
    *,
    seconds: float,
    kbits: int | None = None,
    lose_every: int | None = None,
    size: tuple[int, int] = (1920, 1080),
) -> Path:
    """People side by side who walk to and fro. kbits: a second, at most. lose_every: of so many packets one is lost."""
    import av

    width, height = size
    random = np.random.default_rng(3)
    wall = np.kron(random.integers(70, 170, (height // 8, width // 8, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(FPS), "sc_threshold": "0"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if kbits is None:
            options["crf"] = "22"
        else:
            stream.bit_rate = kbits * 1000
            options |= {"maxrate": f"{kbits}k", "bufsize": f"{kbits}k"}
        stream.options = dict(options)
        sent = 0
        for number in range(round(seconds * FPS)):
            frame = av.VideoFrame.from_ndarray(_picture(wall, people, number), format="bgr24")
            for packet in stream.encode(frame):
                sent += 1
                if lose_every is None or packet.is_keyframe or sent % lose_every:
                    container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def _picture(wall: Image, people: Sequence[Image], number: int) -> Image:
    picture = wall.copy()
    column = wall.shape[1] // len(people)
    for place, one in enumerate(people):
        height, width = one.shape[:2]
        free = min(column - width, 150)
        left = place * column + round(free / 2 * (1 + math.sin(number / 12 + place)))
        top = (wall.shape[0] - height) // 2 + round(20 * math.sin(number / 7 + place))
        picture[top : top + height, left : left + width] = one
    return picture
