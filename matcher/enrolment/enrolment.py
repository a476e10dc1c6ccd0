"""Enrolment: pictures of one person, with their consent, become references; every picture refused gets its reason.

The consent is checked before any picture is. Where pictures do not show one person, the person's references decide; for
a new person the largest group of pictures, and of equal groups the first (see `same_person`). A person who seems to be
in the gallery under another name is enrolled only if the caller has acknowledged that.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import numpy as np

from matcher.consent.consent import Consent, NewConsent
from matcher.consent.errors import ConsentRequiredError
from matcher.enrolment.enrolment_check import EnrolmentCheck
from matcher.enrolment.errors import DifferentPersonError, EnrolmentError, LikelyDuplicateError
from matcher.enrolment.same_person import one_person
from matcher.errors import ClearglassError
from matcher.index.shard import Comparer
from matcher.people.duplicate import DuplicateCheck
from matcher.people.gallery import Gallery
from matcher.people.subject import Subject
from matcher.plain_text import fault_of, tidied
from matcher.probe.sample import FaceSample, Sampler
from matcher.recognition.errors import (
    FaceQualityError,
    FaceUnknownError,
    NoFaceError,
    SeveralFacesError,
    TooManyFacesError,
)
from matcher.recognition.face_listing import FaceListing
from matcher.recognition.image import ImageBrokenError, ImageFormatError, ImageTooLargeError, PictureBytes
from matcher.recognition.template import Template

MAX_PICTURES = 200

Progress = Callable[[int, int], None]
"""Called with the number of pictures that are done, and the number of all."""

Looking = Callable[[], AbstractContextManager[None]]
"""Makes a context manager that is entered for each picture and left after it."""

_REFUSALS = (
    ImageFormatError,
    ImageTooLargeError,
    ImageBrokenError,
    NoFaceError,
    SeveralFacesError,
    FaceUnknownError,
    TooManyFacesError,
    FaceQualityError,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A picture as it was handed in. label: the caller's name for it, which the answer uses. face: the number of the
    face to enrol, from 1, the largest first; None for a picture of one face.
    """

    label: str
    data: PictureBytes
    face: int | None = None


@dataclass(frozen=True, kw_only=True)
class RefusedPicture:
    """A picture that was not used, and the reason. listing: its faces, where the caller must choose one of them."""

    label: str
    code: str
    message: str
    remedy: str
    listing: FaceListing | None = None


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """The result. accepted: labels of the pictures used; references: their ids, in the same order."""

    subject: Subject
    consent: Consent | None
    accepted: tuple[str, ...]
    references: tuple[str, ...]
    refused: tuple[RefusedPicture, ...]


class Enroller:
    """Adds people to the gallery. Every picture is examined first; then everything is written in one transaction."""

    def __init__(
        self, sampler: Sampler, gallery: Gallery, comparer: Comparer, check: EnrolmentCheck, *, threshold: float
    ) -> None:
        """comparer: holds the gallery's templates. threshold: the fused dissimilarity up to which two pictures are
        taken for one person's."""
        self._sampler = sampler
        self._gallery = gallery
        self._comparer = comparer
        self._check = check
        self._threshold = threshold
        self._admitting = threading.Lock()
        """Held from the check to the admission: of two simultaneous enrolments of one person the second finds the
        first."""

    def enrol(
        self,
        *,
        name: str,
        pictures: Sequence[Picture],
        consent: NewConsent | None,
        actor: str,
        role: str = "administrator",
        acknowledged: Collection[str] = (),
        progress: Progress | None = None,
        looking: Looking = nullcontext,
    ) -> Enrolment:
        """Enrols a new subject. acknowledged: ids of similar subjects of whom the actor states that each is another
        person.

        Raises ConsentRequiredError without a consent that is active now, ConsentInvalidError, ConsentExpiredError;
        EnrolmentError if the name is malformed or no picture can be used; LikelyDuplicateError if the check finds a
        subject who is not acknowledged; ClockError, LogUnavailableError, and the errors of `looking`. After an error
        only the searches of the check were written.
        """
        name = tidied(name)
        fault = fault_of(name)
        if fault is not None:
            raise EnrolmentError(f"The name {fault}.", remedy="Correct the name.")
        if consent is None:
            raise ConsentRequiredError(
                "Nobody is enrolled without a consent.", remedy="Give purpose, cameras, end and evidence of a consent."
            )
        self._gallery.require_admissible(consent)
        used, refused = self._samples(pictures, None, progress, looking)
        samples = [sample for _, sample in used]
        with self._admitting:
            check = self._checked(samples, acknowledged, actor=actor, role=role)
            subject, record, references = self._gallery.admit(
                name=name,
                consent=consent,
                samples=samples,
                actor=actor,
                refused=Counter(picture.code for picture in refused),
                check=check,
            )
        return Enrolment(
            subject=subject,
            consent=record,
            accepted=tuple(label for label, _ in used),
            references=references,
            refused=refused,
        )

    def add_pictures(
        self,
        subject_id: str,
        pictures: Sequence[Picture],
        actor: str,
        *,
        role: str = "administrator",
        acknowledged: Collection[str] = (),
        progress: Progress | None = None,
        looking: Looking = nullcontext,
    ) -> Enrolment:
        """Adds pictures of a subject who has an active consent.

        Raises as `enrol` does, and SubjectUnknownError, SubjectWithdrawnError or ShardBehindError.
        """
        subject = self._gallery.subject(subject_id)
        self._gallery.require_consented(subject_id)
        self._gallery.catch_up()
        used, refused = self._samples(pictures, subject_id, progress, looking)
        samples = [sample for _, sample in used]
        with self._admitting:
            check = self._checked(samples, acknowledged, actor=actor, role=role, own=subject_id)
            references = self._gallery.add_references(
                subject_id,
                samples=samples,
                actor=actor,
                refused=Counter(picture.code for picture in refused),
                check=check,
            )
        return Enrolment(
            subject=subject,
            consent=None,
            accepted=tuple(label for label, _ in used),
            references=references,
            refused=refused,
        )

    def _checked(
        self,
        samples: Sequence[FaceSample],
        acknowledged: Collection[str],
        *,
        actor: str,
        role: str,
        own: str | None = None,
    ) -> DuplicateCheck:
        """Raises LikelyDuplicateError."""
        check = self._check.duplicates(samples, actor=actor, role=role, own=own)
        unknown = tuple(one for one in check.duplicates if one.subject_id not in acknowledged)
        if unknown:
            raise LikelyDuplicateError(replace(check, duplicates=unknown))
        return check

    def _samples(
        self, pictures: Sequence[Picture], subject_id: str | None, progress: Progress | None, looking: Looking
    ) -> tuple[list[tuple[str, FaceSample]], tuple[RefusedPicture, ...]]:
        """One picture at a time, so that memory holds one. subject_id: None for a new subject. Raises EnrolmentError
        if none is left.

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
                with looking():
                    good.append((picture.label, self._sampler.sample(picture.data, face=picture.face)))
            except _REFUSALS as error:
                refused.append(_refused(picture.label, error))
            if progress is not None:
                progress(done, len(pictures))
        used = self._of_one_person(good, subject_id)
        refused += [_refused(label, _different()) for at, (label, _) in enumerate(good) if at not in used]
        if not used:
            reasons = " ".join(dict.fromkeys(picture.message for picture in refused))
            raise EnrolmentError(
                f"{_unusable(len(pictures))} {reasons}",
                remedy=" ".join(dict.fromkeys(picture.remedy for picture in refused)),
                refused=refused,
            )
        return [one for at, one in enumerate(good) if at in used], tuple(refused)

    def _of_one_person(self, samples: Sequence[tuple[str, FaceSample]], subject_id: str | None) -> set[int]:
        """The places of the samples to use. References of another model say nothing: they cannot be compared."""
        templates = [sample.template for _, sample in samples]
        known = None if subject_id is None else self._like_references(templates, subject_id)
        fusion = self._sampler.recogniser.fusion
        return one_person(templates, known=known, fusion=fusion, threshold=self._threshold)

    def _like_references(self, templates: Sequence[Template], subject_id: str) -> list[int] | None:
        """The places of the templates that are like a reference of the subject; None if there is none to compare."""
        revision, selection = self._gallery.revision, self._gallery.references_of([subject_id])
        if not len(selection):
            return None
        numbers = np.flatnonzero(selection.mask(0, selection.end))
        scored = [self._comparer.compare(template, numbers, revision=revision) for template in templates]
        return [at for at, one in enumerate(scored) if (one.dissimilarities.fused <= self._threshold).any()]


def _unusable(pictures: int) -> str:
    return "The picture cannot be used." if pictures == 1 else f"None of the {pictures} pictures can be used."


def _refused(label: str, error: ClearglassError) -> RefusedPicture:
    return RefusedPicture(
        label=label,
        code=error.code,
        message=error.message,
        remedy=error.remedy,
        listing=getattr(error, "listing", None),
    )


def _different() -> DifferentPersonError:
    return DifferentPersonError(
        "The face is not like the one in the person's other pictures.",
        remedy="Leave out pictures of other people; if it is the same person, use a picture more like the others.",
    )
