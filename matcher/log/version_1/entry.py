"""Which body each kind of entry has, and what stands beside it."""

from collections.abc import Mapping
from typing import Literal

from matcher.log.entry import EntryKind
from matcher.log.version_1.account import Account, Credential, GalleryRead, Login, LogRead
from matcher.log.version_1.parts import EntryPart, Time
from matcher.log.version_1.people import ConsentChange, Declaration, Enrolment, Erasure, Withdrawal
from matcher.log.version_1.search import Alert, Failure, Outcome, Request, Review
from matcher.log.version_1.service import Camera, Clock, Key, Model, Start, Stop


class Entry(EntryPart):
    """What every entry has beside its kind and its body."""

    version: Literal[1]
    time: Time


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
