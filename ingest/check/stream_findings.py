"""Judges a stream's bitrate, frame rate and losses."""

from ingest.check.check import CameraCheck
from ingest.check.finding import Aspect, Finding, Verdict
from matcher.recognition.needs import Needs

MOST_LOST = 0.01
"""The greatest share of lost RTP packets, or of damaged frames. At 25 frames a second and a key frame every second,
with one frame in a hundred lost, about an eighth of the others depend on a lost one: 1 - .99 ** 12.5, since a loss lies
in the middle of a group on average."""

LONGEST_GAP = 1.0
"""The longest gap between frames in seconds: in a longer one a person can walk through a view's sharp part unseen."""


def stream_findings(check: CameraCheck, needs: Needs, frame_rate: float) -> tuple[Finding, ...]:
    """The findings about the stream. frame_rate: frames a second that the service is to analyse."""
    return (_bitrate(check, needs), _rate(check, frame_rate), _loss(check))


def _bitrate(check: CameraCheck, needs: Needs) -> Finding:
    """Judged by H.264's quantiser where faces are, since a still scene needs few bits and a busy one many. The
    quantiser's step doubles every 6 (ITU-T H.264, 8.5.9), and the bitrate is about inversely proportional to it: the
    rate needed is estimated from that. Without a quantiser the bound is the bitrate of a JPEG of the same quality,
    which is enough for any codec.
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
    # A rate measured over some seconds is imprecise: a twentieth less is no failure.
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
