"""The check before an enrolment: is the person in the gallery already, under another name?

Each picture is a probe of an ordinary search with its two entries in the log. Only `matcher.enrolment.enrolment` uses
it, so that it is no other way to search for people.
"""

from collections.abc import Sequence
from dataclasses import replace

from matcher.consent.rule import ENROLMENT, ENROLMENT_CHECK
from matcher.people.duplicate import Duplicate, DuplicateCheck
from matcher.probe.probe import Query
from matcher.probe.sample import FaceSample
from matcher.recognition.operating_point import OperatingPoint
from matcher.recognition.scale import FEWEST, SimilarityScale
from matcher.search.candidate import Candidate
from matcher.search.identification import Identifier

MOST_SUBJECTS = 20
"""How many subjects one picture's search finds at most: those acknowledged and the person's own must hide no other."""

CHECK_FMR = 5e-6
"""The greatest FMR of the check: in a gallery of 5,000 references one new person in 40 is found to be a duplicate by
mistake (`python -m benchmarks duplicates`). More false warnings would teach operators to acknowledge them unread."""


def check_point(in_use: OperatingPoint, scale: SimilarityScale | None) -> OperatingPoint:
    """The check's operating point: the one in use, or the scale's at CHECK_FMR if that FMR is lower."""
    if scale is None:
        return in_use
    strict = [at for at, fmr in scale.steps if FEWEST / scale.non_mated <= fmr <= CHECK_FMR]
    if not strict or in_use.threshold <= strict[-1]:
        return in_use
    return replace(in_use, name=ENROLMENT_CHECK, threshold=strict[-1], evidence=None)


class EnrolmentCheck:
    """Searches for a person among all subjects whose consent is in force. Safe to use from several threads."""

    def __init__(self, identifier: Identifier) -> None:
        """identifier: for this check alone, and for MOST_SUBJECTS candidates."""
        self._identifier = identifier

    def duplicates(
        self, samples: Sequence[FaceSample], *, actor: str, role: str, own: str | None = None
    ) -> DuplicateCheck:
        """The subjects who match one of the samples. own: the subject to whom the samples will be added, who is left
        out.

        Raises as `Identifier.identify` does.
        """
        query = Query(actor=actor, role=role, camera=ENROLMENT, purpose=ENROLMENT_CHECK)
        answers = self._identifier.identify_all([sample.probe() for sample in samples], query)
        others = [one for answer in answers for one in answer.candidates if one.subject_id != own]
        nearest: dict[str, Candidate] = {}
        for candidate in sorted(others, key=lambda one: one.dissimilarity):
            nearest.setdefault(candidate.subject_id, candidate)
        return DuplicateCheck(
            searches=tuple(answer.request_index for answer in answers),
            duplicates=tuple(
                Duplicate(subject_id=one.subject_id, reference_id=one.reference_id, dissimilarity=one.dissimilarity)
                for one in nearest.values()
            ),
        )
