"""Enrolling people, showing them, ending consents, withdrawing. Each look at a name or a face is logged here."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TypeVar

from api.access.account import Principal
from api.gallery_reads import GalleryReads, Seen
from api.permission import Permission
from ingest.camera.camera_store import CameraStore
from matcher.consent.consent import Consent, NewConsent
from matcher.consent.rule import ANY_CAMERA, UPLOAD
from matcher.enrolment.enrolment import Enrolment, Looking, Picture
from matcher.matcher import Matcher
from matcher.people.listed_subject import ListedSubject
from matcher.people.reference import Reference
from matcher.people.subject import Subject

S = TypeVar("S", bound=Subject)


class People:
    """The gallery as a caller may use and see it. Safe to use from several threads.

    The followers of the gallery (searches, cameras, live views) receive each change by themselves.
    """

    def __init__(self, matcher: Matcher, cameras: CameraStore, reads: GalleryReads) -> None:
        self._gallery = matcher.gallery
        self._enroller = matcher.enroller
        self._cameras = cameras
        self._reads = reads

    # --- changing --------------------------------------------------------------------------------------------------

    def enrol(
        self,
        caller: Principal,
        *,
        name: str,
        pictures: Sequence[Picture],
        consent: NewConsent,
        acknowledged: Collection[str] = (),
        looking: Looking = nullcontext,
    ) -> Enrolment:
        """Enrols a new subject. Raises as `Enroller.enrol` does, and CameraUnknownError."""
        self._require_cameras(consent.cameras)
        enrolment = self._enroller.enrol(
            name=name,
            pictures=pictures,
            consent=consent,
            actor=caller.actor,
            role=caller.role.value,
            acknowledged=acknowledged,
            looking=looking,
        )
        return replace(enrolment, subject=_shown(enrolment.subject, caller))

    def add_pictures(
        self,
        caller: Principal,
        subject_id: str,
        pictures: Sequence[Picture],
        *,
        acknowledged: Collection[str] = (),
        looking: Looking = nullcontext,
    ) -> Enrolment:
        """Adds pictures of a subject. Raises as `Enroller.add_pictures` does."""
        enrolment = self._enroller.add_pictures(
            subject_id,
            pictures,
            caller.actor,
            role=caller.role.value,
            acknowledged=acknowledged,
            looking=looking,
        )
        return replace(enrolment, subject=_shown(enrolment.subject, caller))

    def grant(self, caller: Principal, subject_id: str, consent: NewConsent) -> Consent:
        """Records a further consent. Raises as `Gallery.grant` does, and CameraUnknownError."""
        self._require_cameras(consent.cameras)
        return self._gallery.grant(subject_id, consent, caller.actor)

    def end_consent(self, caller: Principal, consent_id: str) -> None:
        """Ends one consent; nobody is found by it any more. Raises as `Gallery.withdraw_consent` does."""
        self._gallery.withdraw_consent(consent_id, caller.actor)

    def withdraw(self, caller: Principal, subject_id: str) -> None:
        """Erases a subject. Raises as `Gallery.withdraw` does."""
        self._gallery.withdraw(subject_id, caller.actor)

    # --- showing ---------------------------------------------------------------------------------------------------

    def page(self, caller: Principal, *, withdrawn: bool, limit: int, offset: int) -> Sequence[ListedSubject]:
        """Subjects, oldest first. withdrawn: also those who have withdrawn. Raises LogUnavailableError, ClockError."""
        subjects = self._gallery.subjects(withdrawn=withdrawn, limit=limit, offset=offset)
        self._reads.names(caller, count=sum(subject.name is not None for subject in subjects))
        return [_shown(subject, caller) for subject in subjects]

    def count(self) -> int:
        """The number of subjects who have not withdrawn."""
        return self._gallery.subject_count()

    def subject(self, caller: Principal, subject_id: str) -> Subject:
        """One subject. Raises SubjectUnknownError, LogUnavailableError, ClockError."""
        subject = self._gallery.subject(subject_id)
        self._reads.names(caller, count=int(subject.name is not None), subject=subject_id)
        return _shown(subject, caller)

    def names(self, caller: Principal, subject_ids: Collection[str]) -> Mapping[str, str | None]:
        """Names by id, for an answer that has log entries of its own, such as a search's; at most 1,000.

        None after withdrawal; none at all where the caller may see no names.
        """
        return self._gallery.names(subject_ids) if caller.may(Permission.NAMES) and subject_ids else {}

    def name(self, caller: Principal, subject_id: str) -> str | None:
        """The name of one subject, as `names` has it; None also where there is no such subject."""
        return self.names(caller, [subject_id]).get(subject_id)

    @property
    def revision(self) -> int:
        """The gallery's revision, which grows with every change: cached names are valid for one revision."""
        return self._gallery.revision

    def references(self, subject_id: str) -> Sequence[Reference]:
        """A subject's references, oldest first. Raises SubjectUnknownError."""
        return self._gallery.references(subject_id)

    def reference_picture(self, caller: Principal, reference_id: str) -> bytes:
        """The JPEG of an enrolled face. Raises ReferenceUnknownError, LogUnavailableError, ClockError."""
        self._reads.picture(Seen.REFERENCE_PICTURES, caller, self._gallery.owner(reference_id))
        return self._gallery.reference_picture(reference_id)

    def consents(self, subject_id: str) -> Sequence[Consent]:
        """A subject's consents in any state, oldest first. Raises SubjectUnknownError."""
        return self._gallery.consents(subject_id)

    def consent(self, consent_id: str) -> Consent:
        """One consent in any state. Raises ConsentUnknownError."""
        return self._gallery.consent(consent_id)

    def evidence_salt(self, consent_id: str) -> bytes | None:
        """The salt of the commitment to a consent's evidence; None once the person has withdrawn."""
        return self._gallery.evidence_salt(consent_id)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _require_cameras(self, named: Iterable[str]) -> None:
        """Raises CameraUnknownError, so that no consent covers less than intended."""
        for camera_id in frozenset(named) - {ANY_CAMERA, UPLOAD}:
            self._cameras.get(camera_id)


def _shown(subject: S, caller: Principal) -> S:
    return subject if caller.may(Permission.NAMES) else replace(subject, name=None)
