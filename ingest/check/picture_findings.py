"""Judges if a camera's picture is upright, and if its pixels have the stated shape."""

from ingest.check.check import CameraCheck
from ingest.check.finding import Aspect, Finding, Verdict

WIDE, CLASSIC = "16:9", "4:3"

HALVED = {
    (960, 1080): WIDE,
    (944, 1080): WIDE,
    (1280, 1440): WIDE,
    (640, 720): WIDE,
    (320, 360): WIDE,
    (720, 288): CLASSIC,
    (704, 288): CLASSIC,
    (720, 240): CLASSIC,
    (704, 240): CLASSIC,
    (352, 576): CLASSIC,
    (352, 480): CLASSIC,
}
"""Sizes in pixels at which cameras and recorders send a picture of half its width or height, and the whole picture's
shape: halves of 1080, 1440 and 720 lines, and of analogue pictures (2CIF and the like)."""

NARROWED = {(704, 576), (720, 576), (704, 480), (720, 480), (352, 288), (352, 240)}
"""Sizes of analogue pictures (ITU-R BT.601, CIF), some percent from the 4:3 that they show; some cameras show 16:9 in
them."""


def picture_findings(check: CameraCheck) -> tuple[Finding, ...]:
    """The findings about the picture's orientation and shape."""
    return (_upright(check), _shape(check))


def _upright(check: CameraCheck) -> Finding:
    """Fails with any number of faces: most faces that lie on their side are not found."""
    turned, change = check.turned, ""
    if turned:
        hang = "the other way up" if turned == 180 else "upright"
        setting = (check.rotation + turned) % 360
        change = f"Faces look turned by {turned}°: hang the camera {hang} or set its rotation to {setting}."
    verdict = Verdict.UNKNOWN if turned is None else Verdict.FAIL if turned else Verdict.PASS
    return Finding(what=Aspect.UPRIGHT, measured=turned, least=None, most=0.0, unit="°", verdict=verdict, change=change)


def _shape(check: CameraCheck) -> Finding:
    """A picture at half its width misses more than eight times as many people; some percent give a note only."""
    size = (check.width, check.height)
    sent, verdict, change = f"The stream sends {size[0]}×{size[1]} pixels", Verdict.PASS, ""
    if not check.aspect_stated and size in HALVED:
        verdict = Verdict.FAIL
        change = f"{sent} and does not say that they are squeezed: set the camera's aspect to {HALVED[size]}."
    elif not check.aspect_stated and size in NARROWED:
        verdict = Verdict.UNKNOWN
        change = (
            f"{sent} and does not say their shape: if people look too thin or too wide, set the camera's aspect to "
            f"{CLASSIC}, or to {WIDE} where its picture is wide."
        )
    return Finding(
        what=Aspect.SHAPE,
        measured=check.width / check.height if check.height else None,
        least=None,
        most=None,
        unit="wide to high",
        verdict=verdict,
        change=change,
    )
