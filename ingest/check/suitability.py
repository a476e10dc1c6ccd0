"""Judges if a camera is fit for recognition: compares the measurement with the needs of the model, and names what to
change. The bounds for faces are those of `matcher.recognition.needs`, or of the quality gate where those are stricter:
a face that the gate refuses is never searched for. The bounds for streams are in `stream_findings`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.check.check import CameraCheck
from ingest.check.face_findings import face_findings
from ingest.check.finding import Aspect, Finding, Verdict
from ingest.check.picture_findings import picture_findings
from ingest.check.stream_findings import stream_findings
from matcher.recognition.needs import Needs
from matcher.recognition.quality import QualityGate

LEAST_FRAME_RATE = 5.0
"""Frames a second: the service's default."""


@dataclass(frozen=True, kw_only=True)
class Suitability:
    """The judgement of a camera. warnings: what makes it less certain. stands: the verdict as a sentence."""

    findings: tuple[Finding, ...]
    verdict: Verdict
    stands: str
    warnings: tuple[str, ...]

    @property
    def changes(self) -> tuple[str, ...]:
        """What to change, in the order of the findings."""
        return tuple(finding.change for finding in self.findings if finding.verdict is Verdict.FAIL)

    @property
    def notes(self) -> tuple[str, ...]:
        """The warnings, and the findings that are UNKNOWN though enough faces were seen."""
        doubts = (finding for finding in self.findings if finding.verdict is Verdict.UNKNOWN)
        return (*self.warnings, *(one.change for one in doubts if one.change and one.what is not Aspect.FACES_SEEN))


def judge(
    check: CameraCheck, needs: Needs, *, gate: QualityGate | None = None, frame_rate: float = LEAST_FRAME_RATE
) -> Suitability:
    """Compares a measurement with the needs. Raises NeedsError when the needs were not measured. frame_rate: frames a
    second that the service is to analyse.
    """
    faces = face_findings(check, needs, gate or QualityGate())
    findings = (*faces, *stream_findings(check, needs, frame_rate), *picture_findings(check))
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
    """A stream whose compression is unknown may still pass: its faces are measured as they arrive."""
    verdicts = {finding.what: finding.verdict for finding in findings}
    if Verdict.FAIL in verdicts.values():
        return Verdict.FAIL
    return verdicts[Aspect.FACES_SEEN]
