"""Enrolment: pictures of one person, with their consent, become references; every picture refused gets its reason.

The consent is looked at before any picture is. Where pictures disagree on who it is, the person's references decide; a
new person's pictures by their number, and then by their order (see `likeness`).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matcher.errors import ClearglassError
from matcher.gallery.consent import Consent, NewConsent, is_plain
from matcher.gallery.errors import ConsentRequiredError, DifferentPersonError, EnrolmentError
from matcher.gallery.gallery import Gallery
from matcher.gallery.likeness import one_person
from matcher.gallery.subject import Subject
from matcher.recognition.errors import FaceQualityError, NoFaceError, SeveralFacesError
from matcher.recognition.image import ImageBrokenError, ImageFormatError, ImageTooLargeError
from matcher.recognition.template import Template
from matcher.sample import FaceSample, Sampler

MAX_PICTURES = 200

Progress = Callable[[int, int], None]
"""Called with how many pictures are done, and of how many."""

_REFUSALS = (
    ImageFormatError,
    ImageTooLargeError,
    ImageBrokenError,
    NoFaceError,
    SeveralFacesError,
    FaceQualityError,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A picture as it was handed in. label: what the person calls it, to tell them which one was refused."""

    label: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class RefusedPicture:
    """A picture that was not used, and why."""

    label: str
    code: str
    message: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """What came of it. accepted: labels of the pictures used; references: their ids, in the same order."""

    subject: Subject
    consent: Consent | None
    accepted: tuple[str, ...]
    references: tuple[str, ...]
    refused: tuple[RefusedPicture, ...]


class Enroller:
    """Puts people into the gallery. Nothing is written before every picture was looked at, and then all at once."""

    def __init__(self, sampler: Sampler, gallery: Gallery, *, threshold: float) -> None:
        """threshold: the fused dissimilarity up to which two pictures are taken for one person's."""
        self._sampler = sampler
        self._gallery = gallery
        self._threshold = threshold

    def enrol(
        self,
        *,
        name: str,
        pictures: Sequence[Picture],
        consent: NewConsent | None,
        actor: str,
        progress: Progress | None = None,
    ) -> Enrolment:
        """A new subject.

        Raises ConsentRequiredError without a consent that is active now, ConsentInvalidError, ConsentExpiredError;
        EnrolmentError if the name is malformed or no picture can be used; ClockError, LogUnavailableError. Then nothing
        was written.
        """
        if not is_plain(name):
            raise EnrolmentError(
                "The name is empty, longer than 200 characters, or holds control characters.", remedy="Give a name."
            )
        if consent is None:
            raise ConsentRequiredError(
                "Nobody is enrolled without a consent.", remedy="Give purpose, cameras, end and evidence of a consent."
            )
        self._gallery.require_admissible(consent)
        used, refused = self._samples(pictures, (), progress)
        subject, record, references = self._gallery.admit(
            name=name,
            consent=consent,
            samples=[sample for _, sample in used],
            actor=actor,
            refused=Counter(picture.code for picture in refused),
        )
        return Enrolment(
            subject=subject,
            consent=record,
            accepted=tuple(label for label, _ in used),
            references=references,
            refused=refused,
        )

    def add_pictures(
        self, subject_id: str, pictures: Sequence[Picture], actor: str, *, progress: Progress | None = None
    ) -> Enrolment:
        """More pictures of a subject who has an active consent.

        Raises as `enrol` does, and SubjectUnknownError or SubjectWithdrawnError.
        """
        subject = self._gallery.subject(subject_id)
        self._gallery.require_consented(subject_id)
        known = [reference.template for reference in self._gallery.references(subject_id)]
        used, refused = self._samples(pictures, known, progress)
        references = self._gallery.add_references(
            subject_id,
            samples=[sample for _, sample in used],
            actor=actor,
            refused=Counter(picture.code for picture in refused),
        )
        return Enrolment(
            subject=subject,
            consent=None,
            accepted=tuple(label for label, _ in used),
            references=references,
            refused=refused,
        )

    def _samples(
        self, pictures: Sequence[Picture], known: Sequence[Template], progress: Progress | None
    ) -> tuple[list[tuple[str, FaceSample]], tuple[RefusedPicture, ...]]:
        """One picture at a time, so that memory holds one. known: of the person. Raises EnrolmentError if none is left.

        The refused ones are in the pictures' order, those of somebody else after all others.
        """
        if not 0 < len(pictures) <= MAX_PICTURES:
            raise EnrolmentError(
                f"{len(pictures)} pictures were given; 1 to {MAX_PICTURES} are taken at once.",
                remedy="Give at least one picture, and many in smaller parts.",
            )
        good: list[tuple[str, FaceSample]] = []
        refused = []
        for done, picture in enumerate(pictures, start=1):
            try:
                good.append((picture.label, self._sampler.sample(picture.data)))
            except _REFUSALS as error:
                refused.append(_refused(picture.label, error))
            if progress is not None:
                progress(done, len(pictures))
        used = self._of_one_person(good, known)
        refused += [_refused(label, _different()) for at, (label, _) in enumerate(good) if at not in used]
        if not used:
            reasons = " ".join(dict.fromkeys(picture.message for picture in refused))
            raise EnrolmentError(
                f"None of the {len(pictures)} pictures can be used. {reasons}",
                remedy=" ".join(dict.fromkeys(picture.remedy for picture in refused)),
            )
        return [one for at, one in enumerate(good) if at in used], tuple(refused)

    def _of_one_person(self, samples: Sequence[tuple[str, FaceSample]], known: Sequence[Template]) -> set[int]:
        """The places of the samples to use. Known templates of another model say nothing: they cannot be compared."""
        templates = [sample.template for _, sample in samples]
        present = self._sampler.recogniser.model_digest
        comparable = [template for template in known if template.model_digest == present]
        return one_person(templates, known=comparable, threshold=self._threshold)


def _refused(label: str, error: ClearglassError) -> RefusedPicture:
    return RefusedPicture(label=label, code=error.code, message=error.message, remedy=error.remedy)


def _different() -> DifferentPersonError:
    return DifferentPersonError(
        "The face is not like the one in the person's other pictures.",
        remedy="Leave out pictures of other people; if it is the same person, use a picture more like the others.",
    )
