"""Is this camera fit for recognition? What it sends, held against what the model was measured to need, and what to do.

What a face needs is `matcher.recognition.needs`, or the quality gate where that asks for more: what the gate refuses is
never searched. What a stream needs is stated here.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ingest.check.check import CameraCheck
from matcher.recognition.needs import Needs
from matcher.recognition.quality import QualityGate

LEAST_FACES = 20
"""Fewer faces say nothing about a camera: at two looks a second, some four people who walk through."""

LEAST_FRAME_RATE = 5.0
"""Frames a second: as many as the service looks at unless it is told otherwise."""

MOST_LOST = 0.01
"""Share of RTP packets, or of frames that are damaged. At 25 frames a second and a key frame every second, one frame in
a hundred lost leaves about an eighth of the others to be made from a picture that is not there: 1 - .99 ** 12.5, a loss
falling in the middle on the average."""

LONGEST_GAP = 1.0
"""Seconds without a frame: in more, a person walks through a view's sharp part and was not seen."""

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
"""Sizes of analogue pictures (ITU-R BT.601, CIF), some percent off the 4:3 that they show; some cameras put 16:9 in."""

OVERHEAD_METRES = 3.0
"""Distance for which it is said how high a camera hangs above people's eyes."""


class Aspect(StrEnum):
    """What is judged."""

    FACES_SEEN = "faces_seen"
    EYE_DISTANCE = "eye_distance"
    PITCH = "pitch"
    YAW = "yaw"
    SHARPNESS = "sharpness"
    LIGHT = "light"
    BITRATE = "bitrate"
    FRAME_RATE = "frame_rate"
    LOSS = "loss"
    UPRIGHT = "upright"
    SHAPE = "shape"


class Verdict(StrEnum):
    """Of one finding, or of all. UNKNOWN: not enough was seen to say."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing about a camera. measured, least, most: in `unit`; None: not measured, or no bound on that side.

    change: what to do about it, one plain sentence; empty when it passes.
    """

    what: Aspect
    measured: float | None
    least: float | None
    most: float | None
    unit: str
    verdict: Verdict
    change: str

    @property
    def found(self) -> str:
        """What was measured, in words."""
        return "–" if self.measured is None else f"{_figure(self.measured)} {self.unit}".strip()

    @property
    def needed(self) -> str:
        """The bounds in words."""
        if self.least is not None and self.most is not None:
            return f"{_figure(self.least)} to {_figure(self.most)} {self.unit}".strip()
        if self.least is not None:
            return f"at least {_figure(self.least)} {self.unit}".strip()
        return "" if self.most is None else f"at most {_figure(self.most)} {self.unit}".strip()


def _figure(value: float) -> str:
    """Below 100 to a tenth: next to a bound, whole numbers would seem to be the same."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True, kw_only=True)
class Suitability:
    """The judgement of a camera. warnings: what makes it less certain. stands: the verdict in a sentence."""

    findings: tuple[Finding, ...]
    verdict: Verdict
    stands: str
    warnings: tuple[str, ...]

    @property
    def changes(self) -> tuple[str, ...]:
        """What to change, as the findings come."""
        return tuple(finding.change for finding in self.findings if finding.verdict is Verdict.FAIL)

    @property
    def notes(self) -> tuple[str, ...]:
        """The warnings, and what could not be told though faces enough were seen."""
        doubts = (finding for finding in self.findings if finding.verdict is Verdict.UNKNOWN)
        return (*self.warnings, *(one.change for one in doubts if one.change and one.what is not Aspect.FACES_SEEN))


def judge(
    check: CameraCheck, needs: Needs, *, gate: QualityGate | None = None, frame_rate: float = LEAST_FRAME_RATE
) -> Suitability:
    """Holds what a stream brought against what is needed. Raises NeedsError when that was not measured.

    frame_rate: frames a second that the service shall look at.
    """
    faces = _faces(check, needs, gate or QualityGate())
    stream = (_bitrate(check, needs), _rate(check, frame_rate), _loss(check))
    findings = (*faces, *stream, _upright(check), _shape(check))
    verdict = _overall(findings)
    failed = ", ".join(finding.what.replace("_", " ") for finding in findings if finding.verdict is Verdict.FAIL)
    stands = {
        Verdict.PASS: "This camera is fit for recognition.",
        Verdict.FAIL: f"This camera is not fit for recognition: {failed}.",
        Verdict.UNKNOWN: "Not enough was seen: look again, for longer, while people walk through the view.",
    }[verdict]
    warnings = () if needs.of_present_model else ("What a face needs was measured with another model.",)
    return Suitability(findings=findings, verdict=verdict, stands=stands, warnings=warnings)


def _overall(findings: Sequence[Finding]) -> Verdict:
    """A stream whose compression cannot be told may still pass: its faces are measured as they arrive."""
    verdicts = {finding.what: finding.verdict for finding in findings}
    if Verdict.FAIL in verdicts.values():
        return Verdict.FAIL
    return verdicts[Aspect.FACES_SEEN]


def _faces(check: CameraCheck, needs: Needs, gate: QualityGate) -> tuple[Finding, ...]:
    enough = check.faces >= LEAST_FACES
    seen = Finding(
        what=Aspect.FACES_SEEN,
        measured=check.faces,
        least=LEAST_FACES,
        most=None,
        unit="",
        verdict=Verdict.PASS if enough else Verdict.UNKNOWN,
        change="" if enough else "Look again, for longer, while people walk through the view.",
    )

    def finding(
        what: Aspect,
        measured: float | None,
        unit: str,
        change: Callable[[float], str],
        least: float | None = None,
        most: float | None = None,
    ) -> Finding:
        verdict = _within(measured, least, most) if enough else Verdict.UNKNOWN
        sentence = change(measured) if measured is not None and verdict is Verdict.FAIL else ""
        return Finding(
            what=what, measured=measured, least=least, most=most, unit=unit, verdict=verdict, change=sentence
        )

    size = max(gate.min_eye_distance, needs.limit("eye_distance"))
    dark = max(gate.min_brightness, needs.limit("darkness"))
    bright = min(gate.max_brightness, needs.limit("brightness"))
    return (
        seen,
        finding(
            Aspect.EYE_DISTANCE,
            check.eye_distance_median,
            "px",
            lambda pixels: (
                f"Make faces {size / pixels:.1f} times as large: bring the camera closer, use a longer lens, or set it "
                "to a higher resolution."
            ),
            least=size,
        ),
        _pitch(check, needs, enough),
        finding(
            Aspect.YAW,
            check.yaw_median,
            "°",
            lambda yaw: f"Heads are turned {yaw:.0f}° to the side: point the camera at where people walk towards it.",
            most=min(gate.max_yaw, needs.limit("yaw")),
        ),
        finding(
            Aspect.SHARPNESS,
            check.sharpness_median,
            "",
            lambda _: "Faces are blurred: check the focus, shorten the exposure and give more light.",
            least=max(gate.min_sharpness, needs.limit("sharpness")),
        ),
        finding(
            Aspect.LIGHT,
            check.brightness_median,
            "of 255",
            lambda light: (
                "Faces are too dark: add light in front of people, or take windows out from behind them."
                if light < dark
                else "Faces are too bright: shorten the exposure, or keep the sun and lamps off them."
            ),
            least=dark,
            most=bright,
        ),
    )


def _within(measured: float | None, least: float | None, most: float | None) -> Verdict:
    if measured is None:
        return Verdict.UNKNOWN
    low = least is not None and measured < least
    high = most is not None and measured > most
    return Verdict.FAIL if low or high else Verdict.PASS


def _pitch(check: CameraCheck, needs: Needs, enough: bool) -> Finding:
    """Fails only where the measure is sure: it follows a nod weakly, and people differ by as much as by a large one.

    Two standard errors of the mean of four people, whom LEAST_FACES stand for, are one standard deviation.
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


def _bitrate(check: CameraCheck, needs: Needs) -> Finding:
    """Judged by H.264's quantiser where faces are, since a still scene needs few bits and a busy one many.

    The quantiser's step doubles every 6 (ITU-T H.264, 8.5.9), and bits go about inversely with it: what rate would be
    needed is estimated by that. Without a quantiser, enough bits for a JPEG as good are enough for any codec.
    """
    rate = check.bitrate / 1000
    if not rate:
        return Finding(
            what=Aspect.BITRATE,
            measured=None,
            least=None,
            most=None,
            unit="kbit/s",
            verdict=Verdict.UNKNOWN,
            change="Too few frames came to tell the bitrate.",
        )
    if check.quantiser_median is None:
        least = needs.limit("bits_per_pixel") * check.width * check.height * check.frame_rate / 1000
        verdict = Verdict.PASS if rate >= least else Verdict.UNKNOWN
        change = (
            "" if verdict is Verdict.PASS else f"How hard {check.codec} was compressed cannot be told: see sharpness."
        )
    else:
        most = needs.limit("quantiser")
        least = rate * 2 ** ((check.quantiser_median - most) / 6)
        verdict = Verdict.FAIL if check.quantiser_median > most else Verdict.PASS
        change = (
            ""
            if verdict is Verdict.PASS
            else f"Compression eats the faces (quantiser {check.quantiser_median:.0f}, {most:.0f} at most; "
            f"{check.bits_per_pixel:.3f} bits a pixel): raise the bitrate from {rate:.0f} to about {least:.0f} kbit/s, "
            "or send fewer frames a second."
        )
    return Finding(
        what=Aspect.BITRATE, measured=rate, least=least, most=None, unit="kbit/s", verdict=verdict, change=change
    )


def _rate(check: CameraCheck, least: float) -> Finding:
    # A rate measured over some seconds is a little off: a twentieth less is no failure.
    low = check.frame_rate < 0.95 * least
    return Finding(
        what=Aspect.FRAME_RATE,
        measured=check.frame_rate,
        least=least,
        most=None,
        unit="a second",
        verdict=Verdict.FAIL if low else Verdict.PASS,
        change=f"Set the camera to at least {least:.0f} frames a second, better to twice that." if low else "",
    )


def _loss(check: CameraCheck) -> Finding:
    """Fails too when the stream stood still or broke."""
    change = ""
    if check.interruptions:
        times = "once" if check.interruptions == 1 else f"{check.interruptions} times"
        change = f"The stream broke {times}: check the camera's power, cable and network."
    elif check.longest_gap_seconds > LONGEST_GAP:
        change = (
            f"The stream stood still for {check.longest_gap_seconds:.1f} s: check the network between here and there."
        )
    elif max(check.lost_share, check.damaged_share) > MOST_LOST:
        change = (
            f"{100 * check.lost_share:.1f} % of the packets were lost and {check.damaged} of {check.frames} frames are "
            "damaged: use a cable instead of radio, and check what else goes over it."
        )
    return Finding(
        what=Aspect.LOSS,
        measured=100 * max(check.lost_share, check.damaged_share),
        least=None,
        most=100 * MOST_LOST,
        unit="%",
        verdict=Verdict.FAIL if change else Verdict.PASS,
        change=change,
    )


def _upright(check: CameraCheck) -> Finding:
    """Fails however few faces were found otherwise: most of those that lie on their side are not found."""
    turned, change = check.turned, ""
    if turned:
        hang = "the other way up" if turned == 180 else "upright"
        setting = (check.rotation + turned) % 360
        change = f"Faces look turned by {turned}°: hang the camera {hang} or set its rotation to {setting}."
    verdict = Verdict.UNKNOWN if turned is None else Verdict.FAIL if turned else Verdict.PASS
    return Finding(what=Aspect.UPRIGHT, measured=turned, least=None, most=0.0, unit="°", verdict=verdict, change=change)


def _shape(check: CameraCheck) -> Finding:
    """Half a width misses more than eight times as many people; some percent are worth a note."""
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
