"""Streams made on the spot to be judged: portraits that move over a wall, large or small, nodding, with damage."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ingest.rehearsal.film.relief import seen_from_above
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face

FPS = 25


def portrait(picture: Image, face: Face, *, eye_distance: float, nod: float = 0.0) -> Image:
    """Head and shoulders, with this distance of the eyes in pixels. nod: degrees by which the head is seen from
    above."""
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
    cut_every: int | None = None,
    grain: float = 0.0,
    sway: float = 0.0,
    size: tuple[int, int] = (1920, 1080),
) -> Path:
    """People side by side who walk to and fro. kbits: a second, at most. cut_every: every N-th packet is halved.

    grain: standard deviation of the sensor's noise, in steps of 255. sway: pixels by which the wall moves, as
    a crowd would.
    """
    import av

    width, height = size
    down, across = np.mgrid[0:height, 0:width]
    wall = np.stack([110 + 30 * np.sin(across / 90 + shift) * np.cos(down / 70) for shift in range(3)], axis=2)
    wall = wall.astype(np.uint8)
    noise = [np.random.default_rng(turn).normal(0, grain, (height, width, 1)).astype(np.int8) for turn in range(5)]
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
            picture = _picture(wall, people, number, sway)
            if grain:
                picture = (picture + noise[number % 5].astype(np.int16)).clip(0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            for packet in stream.encode(frame):
                sent += 1
                if cut_every is not None and not packet.is_keyframe and sent % cut_every == 0:
                    packet = _halved(packet)  # noqa: PLW2901 - what goes into the file
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def _halved(packet: Any) -> Any:
    import av

    half = av.Packet(bytes(packet)[: packet.size // 2])
    half.pts, half.dts, half.time_base, half.stream = packet.pts, packet.dts, packet.time_base, packet.stream
    return half


def _picture(wall: Image, people: Sequence[Image], number: int, sway: float) -> Image:
    picture = np.roll(wall, round(sway * math.sin(number / 5)), axis=1)
    column = wall.shape[1] // len(people)
    for place, one in enumerate(people):
        height, width = one.shape[:2]
        free = min(column - width, 150)
        left = place * column + round(free / 2 * (1 + math.sin(number / 12 + place)))
        top = (wall.shape[0] - height) // 2 + round(20 * math.sin(number / 7 + place))
        picture[top : top + height, left : left + width] = one
    return picture
