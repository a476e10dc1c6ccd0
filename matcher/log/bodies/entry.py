"""The body of each kind of entry, and the header that all entries have."""

from collections.abc import Mapping
from typing import Literal

from matcher.log.bodies.account import Account, Credential, GalleryRead, Login, LogRead
from matcher.log.bodies.parts import EntryPart, Salt, Time
from matcher.log.bodies.people import ConsentChange, Declaration, Enrolment, Erasure, Withdrawal
from matcher.log.bodies.search import Alert, Failure, Outcome, Request, Review
from matcher.log.bodies.service import Camera, Clock, Key, Model, Start, Stop
from matcher.log.entry import EntryKind


class EntryHeader(EntryPart):
    """The fields of every entry beside its kind and its body.

    salt: random. Without it a reader who has only the leaf's hash could guess the leaf and check the guess.
    """

    version: Literal[2]
    time: Time
    salt: Salt


BODIES: Mapping[EntryKind, type[EntryPart]] = {
    EntryKind.REQUEST: Request,
    EntryKind.OUTCOME: Outcome,
    EntryKind.ALERT: Alert,
    EntryKind.REVIEW: Review,
    EntryKind.ENROLMENT: Enrolment,
    EntryKind.WITHDRAWAL: Withdrawal,
    EntryKind.ERASURE: Erasure,
    EntryKind.CONSENT: ConsentChange,
    EntryKind.DECLARATION: Declaration,
    EntryKind.MODEL: Model,
    EntryKind.CAMERA: Camera,
    EntryKind.KEY: Key,
    EntryKind.CLOCK: Clock,
    EntryKind.LOGIN: Login,
    EntryKind.ACCOUNT: Account,
    EntryKind.CREDENTIAL: Credential,
    EntryKind.LOG_READ: LogRead,
    EntryKind.GALLERY_READ: GalleryRead,
    EntryKind.START: Start,
    EntryKind.STOP: Stop,
    EntryKind.FAILURE: Failure,
}
