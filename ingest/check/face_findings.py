"""Judges if a camera's faces are good enough to be recognised."""

import math
from collections.abc import Callable

from ingest.check.check import CameraCheck
from ingest.check.finding import Aspect, Finding, Verdict
from matcher.recognition.needs import Needs
from matcher.recognition.quality import QualityGate

LEAST_FACES = 20
"""The least number of faces for a finding: at two analysed frames a second, some four people who walk through."""

OVERHEAD_METRES = 3.0
"""The distance in metres for which the camera's height above people's eyes is stated."""


def face_findings(check: CameraCheck, needs: Needs, gate: QualityGate) -> tuple[Finding, ...]:
    """The findings about faces; all are UNKNOWN where fewer than LEAST_FACES were seen."""
    enough = check.faces >= LEAST_FACES
    return (
        _seen(check, enough),
        _eye_distance(check, needs, gate, enough),
        _pitch(check, needs, enough),
        _yaw(check, needs, gate, enough),
        _sharpness(check, needs, gate, enough),
        _light(check, needs, gate, enough),
    )


def _seen(check: CameraCheck, enough: bool) -> Finding:
    return Finding(
        what=Aspect.FACES_SEEN,
        measured=check.faces,
        least=LEAST_FACES,
        most=None,
        unit="",
        verdict=Verdict.PASS if enough else Verdict.UNKNOWN,
        change="" if enough else "Look again, for longer, while people walk through the view.",
    )


def _eye_distance(check: CameraCheck, needs: Needs, gate: QualityGate, enough: bool) -> Finding:
    size = max(gate.min_eye_distance, needs.limit("eye_distance"))
    return _median(
        Aspect.EYE_DISTANCE,
        check.eye_distance_median,
        "px",
        lambda pixels: (
            f"Make faces {size / pixels:.1f} times as large: bring the camera closer, use a longer lens, or set it "
            "to a higher resolution."
        ),
        least=size,
        enough=enough,
    )


def _yaw(check: CameraCheck, needs: Needs, gate: QualityGate, enough: bool) -> Finding:
    return _median(
        Aspect.YAW,
        check.yaw_median,
        "°",
        lambda yaw: f"Heads are turned {yaw:.0f}° to the side: point the camera at where people walk towards it.",
        most=min(gate.max_yaw, needs.limit("yaw")),
        enough=enough,
    )


def _sharpness(check: CameraCheck, needs: Needs, gate: QualityGate, enough: bool) -> Finding:
    return _median(
        Aspect.SHARPNESS,
        check.sharpness_median,
        "",
        lambda _: "Faces are blurred: check the focus, shorten the exposure and give more light.",
        least=max(gate.min_sharpness, needs.limit("sharpness")),
        enough=enough,
    )


def _light(check: CameraCheck, needs: Needs, gate: QualityGate, enough: bool) -> Finding:
    dark = max(gate.min_brightness, needs.limit("darkness"))
    return _median(
        Aspect.LIGHT,
        check.brightness_median,
        "of 255",
        lambda light: (
            "Faces are too dark: add light in front of people, or take windows out from behind them."
            if light < dark
            else "Faces are too bright: shorten the exposure, or keep the sun and lamps off them."
        ),
        least=dark,
        most=min(gate.max_brightness, needs.limit("brightness")),
        enough=enough,
    )


def _median(
    what: Aspect,
    measured: float | None,
    unit: str,
    change: Callable[[float], str],
    *,
    enough: bool,
    least: float | None = None,
    most: float | None = None,
) -> Finding:
    """A finding by the median of all faces and its bounds. enough: true if enough faces were seen."""
    verdict = _within(measured, least, most) if enough else Verdict.UNKNOWN
    sentence = change(measured) if measured is not None and verdict is Verdict.FAIL else ""
    return Finding(what=what, measured=measured, least=least, most=most, unit=unit, verdict=verdict, change=sentence)


def _within(measured: float | None, least: float | None, most: float | None) -> Verdict:
    if measured is None:
        return Verdict.UNKNOWN
    low = least is not None and measured < least
    high = most is not None and measured > most
    return Verdict.FAIL if low or high else Verdict.PASS


def _pitch(check: CameraCheck, needs: Needs, enough: bool) -> Finding:
    """Fails only where the measure is certain: it responds weakly to a nod, and people differ by as much as a large nod
    changes it. Two standard errors of the mean of four people, for whom LEAST_FACES stands, are one standard deviation.
    """
    least, most = needs.limit("pitch_up"), needs.limit("pitch_down")
    verdict, change, nod = Verdict.UNKNOWN, "", None
    if check.pitch_median is not None:
        nod = needs.nod(check.pitch_median)
        if enough and least <= nod <= most:
            verdict = Verdict.PASS
        elif enough:
            change = _pitch_change(nod, least, most)
            sure = needs.nod(check.pitch_median - math.copysign(needs.nod_spread, nod))
            verdict = Verdict.UNKNOWN if least <= sure <= most else Verdict.FAIL
            if verdict is Verdict.UNKNOWN:
                change = f"Not sure, for people differ: {change[0].lower()}{change[1:]}"
    return Finding(what=Aspect.PITCH, measured=nod, least=least, most=most, unit="°", verdict=verdict, change=change)


def _pitch_change(pitch: float, least: float, most: float) -> str:
    where, most = ("above", most) if pitch > 0 else ("below", least)
    there, allowed = (OVERHEAD_METRES * math.tan(math.radians(min(abs(angle), 85.0))) for angle in (pitch, most))
    way = "lower" if pitch > 0 else "higher"
    return (
        f"Heads are seen from {where} by {abs(pitch):.0f}°, as from {there:.1f} m {where} their eyes at "
        f"{OVERHEAD_METRES:.0f} m: hang the camera {way}, at most {allowed:.1f} m {where} eyes there, or look from "
        "farther away."
    )
