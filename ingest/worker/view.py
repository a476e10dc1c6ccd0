"""Live views: small pictures in which only identified subjects can be recognised.

A face is shown only while its track is in sight and was identified; every other track's face is made unrecognisable
before the picture leaves the worker, also where a face is only expected because the detector missed it in this frame.
"""

from collections.abc import Sequence

from ingest.analysis.watch import Seen
from ingest.messages.message import View, ViewBox
from ingest.stream.frame import Frame
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Box

COARSE = 5
"""A stranger's face and its surroundings are averaged to this number of cells each way: too few to identify a
person."""

SURROUNDINGS = 0.3
"""The margin around the box that is blurred too, as a share of its side."""

HIDDEN = 12
"""The number of cells across and down to which a whole view is averaged where faces look turned: the detector misses
some of those, and a face that was not found cannot be blurred."""

JPEG_QUALITY = 75


def make_view(frame: Frame, picture: Image, seen: Sequence[Seen], *, width: int, hidden: bool = False) -> View:
    """The view of one frame. picture: the frame, at any smaller size. width: of the view, in pixels, at most.

    hidden: the whole view is made unrecognisable.
    """
    import cv2

    from matcher.recognition.image import encode_jpeg

    width = min(width, picture.shape[1])
    height = max(1, round(width * frame.height / frame.width))
    if (width, height) == (picture.shape[1], picture.shape[0]):
        small = picture.copy()
    else:
        small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    if hidden:
        _coarsen(small, HIDDEN)
    boxes = []
    for one in seen:
        share = _share(one.box, frame)
        if one.subject_id is None or not one.present:
            blur(small, share)
        if one.present:
            note = ", ".join(reason.value.replace("_", " ") for reason in one.refused) or None
            boxes.append(ViewBox(track=one.track, box=share, subject_id=one.subject_id, note=note))
    jpeg = encode_jpeg(small, JPEG_QUALITY)
    return View(number=frame.number, captured_at=frame.captured_at, jpeg=jpeg, boxes=tuple(boxes))


def blur(image: Image, box: Box) -> None:
    """Makes what is in the box (shares of width and height) and around it unrecognisable, in place."""
    height, width = image.shape[:2]
    left = _pixel(box.x - SURROUNDINGS * box.width, width)
    right = _pixel(box.x + (1 + SURROUNDINGS) * box.width, width)
    top = _pixel(box.y - SURROUNDINGS * box.height, height)
    bottom = _pixel(box.y + (1 + SURROUNDINGS) * box.height, height)
    if right <= left or bottom <= top:
        return
    _coarsen(image[top:bottom, left:right], COARSE)


def _coarsen(image: Image, cells: int) -> None:
    """Replaces an image by the means of `cells` by `cells` parts of it, in place."""
    import cv2

    down, across = image.shape[:2]
    coarse = cv2.resize(image, (min(cells, across), min(cells, down)), interpolation=cv2.INTER_AREA)
    # The cells are enlarged with interpolation; they contain no more of the face than blocks would.
    image[:] = cv2.resize(coarse, (across, down), interpolation=cv2.INTER_LINEAR)


def _pixel(share: float, size: int) -> int:
    return min(max(round(share * size), 0), size)


def _share(box: Box, frame: Frame) -> Box:
    return Box(
        x=box.x / frame.width,
        y=box.y / frame.height,
        width=box.width / frame.width,
        height=box.height / frame.height,
    )
