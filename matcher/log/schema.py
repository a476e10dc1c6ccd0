"""What each kind of entry says, as a schema: published as JSON Schema, and what auditors hold every entry against.

The `version` of an entry names the schema. What is said here stays readable for as long as there are logs: a kind may
be added, and a field that may be missing; anything else is a new version.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from matcher.log.entry import VERSION, EntryKind

Time = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$",
        description="UTC, ISO 8601, with microseconds.",
    ),
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Index = Annotated[Count, Field(description="Of an entry of this log.")]
Actor = Annotated[str, Field(description="Who did it: user:<id>, camera:<id>, or a command's name.")]
Via = Annotated[
    str,
    Field(
        pattern=r"^(cli|(session|token):[0-9a-f-]+)$",
        description="How the actor came in: by which session or token, or by a command on the data folder.",
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Model(BaseModel):
    # Built when the first entry is checked, not when the module is read.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, protected_namespaces=(), defer_build=True)


class Point(_Model):
    """How strict a search is. threshold: the greatest dissimilarity that counts as mated."""

    name: str
    threshold: float


class Gallery(_Model):
    """What was searched. content_hash: of its references and consents. in_scope: references the search might find."""

    id: str
    revision: Count
    content_hash: Sha256
    size: Count
    in_scope: Count


class Against(_Model):
    """Whom a verification compares with: a subject, or another picture, by its commitment."""

    subject: str | None = None
    commitment: Sha256 | None = None


class Origin(_Model):
    """Where the face comes from, if a whole photograph was searched. photograph: a random id that its faces share.

    face: the face's number in it, the largest first. searched: how many faces were searched for. least_eye_distance:
    pixels between the eyes that were asked of each.
    """

    photograph: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    face: Annotated[int, Field(ge=1)]
    searched: Annotated[int, Field(ge=1)]
    least_eye_distance: Annotated[float, Field(gt=0)]


class Request(_Model):
    """A search is about to begin. commitment: HMAC-SHA256 of the probe under a salt that is not in the log.

    quality: of the probe, 0 to 1, higher is better. origin: of a probe that is one of a photograph's faces.
    """

    search: Literal["identify", "verify"]
    actor: Actor
    role: Name
    camera: Name
    purpose: Name
    case_reference: Name | None
    started_at: Time
    gallery: Gallery
    model_digest: Sha256
    operating_point: Point
    commitment: Sha256
    quality: Annotated[float, Field(ge=0, le=1)] | None = None
    against: Against | None = None
    origin: Origin | None = None
    via: Via | None = None


class Candidate(_Model):
    """Somebody who was found. dissimilarity: of both embedders together; sface, dlib: the distance of each."""

    subject: str
    reference: str
    rank: Annotated[int, Field(ge=1)]
    dissimilarity: float
    sface: float
    dlib: float


class Outcome(_Model):
    """What came of a search. searched: how many references it compared; most: how many candidates it would have told
    of; mated and scores: of a verification."""

    request: Index
    started_at: Time
    ended_at: Time
    candidates: list[Candidate]
    searched: Count
    most: Count | None = None
    mated: bool | None = None
    dissimilarity: float | None = None
    sface: float | None = None
    dlib: float | None = None


class Failure(_Model):
    """A search that gave no answer, or, with no request, one that was not begun. code: why."""

    code: str
    request: Index | None = None
    actor: Actor | None = None
    purpose: Name | None = None
    via: Via | None = None


class Alert(_Model):
    """A search's first candidate was laid before people. request, outcome: of that search. camera: that made it."""

    alert: str
    request: Index
    outcome: Index
    subject: str
    camera: Name
    dissimilarity: float


class Review(_Model):
    """What a person said of an alert. status: the alert's, after it. noted: whether they wrote a note beside it."""

    alert: str
    request_index: Index
    outcome_index: Index
    subject: str
    reviewer: Actor
    verdict: Literal["confirm", "reject"]
    status: Literal["open", "awaiting_second", "confirmed", "rejected"]
    noted: bool
    via: Via | None = None


class Consent(_Model):
    """What somebody agreed to. evidence_digest: SHA-256 of what shows it, kept elsewhere."""

    id: str
    purpose: Name
    cameras: list[str]
    valid_from: Time
    valid_until: Time
    evidence_digest: Sha256


class ConsentNamed(_Model):
    """A consent by its id alone."""

    id: str


class Enrolment(_Model):
    """References of a subject came into the gallery. refused: pictures that were not good enough, by reason.

    checks: request entries of the searches, one for each reference, that looked for the person under another name.
    acknowledged: subjects whom these found, and of whom the actor said that they are somebody else.
    """

    subject: str
    references: list[str]
    refused: dict[str, Count]
    model_digest: Sha256
    actor: Actor
    revision: Count
    consent: Consent | None = None
    checks: list[Index] | None = None
    acknowledged: list[str] | None = None
    via: Via | None = None


class ConsentChange(_Model):
    """A consent was given, or taken back."""

    action: Literal["granted", "withdrawn"]
    subject: str
    actor: Actor
    revision: Count
    consent: Consent | ConsentNamed
    via: Via | None = None


class Declaration(_Model):
    """A subject declared groups they belong to, to be used for measuring fairness, or took that back.

    commitment: HMAC-SHA256 of what was declared under a salt that is not in the log. agreed: they agreed to that use,
    as the actor vouches.
    """

    action: Literal["declared", "removed"]
    subject: str
    actor: Actor
    commitment: Sha256 | None = None
    agreed: Literal[True] | None = None
    via: Via | None = None


class Withdrawal(_Model):
    """A subject left the gallery. references: how many of theirs."""

    subject: str
    actor: Actor
    references: Count
    revision: Count
    via: Via | None = None


class Erasure(_Model):
    """What was kept of a subject has been overwritten."""

    subject: str
    references_left: Count
    method: str


class Setting(_Model):
    """With what searches are made."""

    model_digest: Sha256 | None
    operating_point: Point | None


class Model(_Model):
    """Model or threshold are not those of the start before."""

    before: Setting
    after: Setting


class Camera(_Model):
    """A camera came, changed or went. place: host and port, or "local".

    certificate: which certificates of a camera with TLS are accepted. "verified": one that a trusted CA issued for its
    host; "pinned": exactly one; "unverified": any. Missing for a camera without TLS.
    """

    action: Literal["added", "changed", "removed"]
    actor: Actor
    camera: str
    name: Name
    place: str
    purpose: Name
    enabled: bool
    certificate: Literal["verified", "pinned", "unverified"] | None = None
    via: Via | None = None


class Key(_Model):
    """A key of the log's own came, to sign beside the one before, or went. key: its public half."""

    action: Literal["added", "retired"]
    key: str


class Clock(_Model):
    """The clock stands before the log's last entry, since it ran ahead, and somebody lets the log go on: only here may
    the time be earlier than in the entry before. last_time: of that entry. What the clock says now is this one's time.
    """

    last_time: Time
    actor: Actor
    via: Via | None = None


class Login(_Model):
    """Somebody logged in, or was refused. account: null for a name that nobody has. via: the session that began.

    second_factor: which one was shown beside the password, or that the password was right and the code was not.
    logged_in_at: when it was, of an administrator who came while nothing could be logged.
    """

    outcome: Literal["accepted", "refused"]
    account: str | None
    role: str | None = None
    second_factor: Literal["totp", "recovery_code", "wrong"] | None = None
    via: Via | None = None
    logged_in_at: Time | None = None


class Account(_Model):
    """An account or a token of it came or went."""

    action: Literal["created", "disabled", "token_issued", "token_revoked"]
    account: str
    actor: Actor
    role: str | None = None
    token: str | None = None
    via: Via | None = None


class Credential(_Model):
    """What an account proves itself by has changed: by its owner (password_changed, second_factor_enrolled), or by
    somebody else in its place (password_set, second_factor_reset)."""

    action: Literal["password_changed", "password_set", "second_factor_enrolled", "second_factor_reset"]
    account: str
    actor: Actor
    via: Via | None = None


class LogRead(_Model):
    """Somebody read the log. read: what they asked for."""

    actor: Actor
    role: str
    read: dict[str, Any]
    via: Via | None = None


class GalleryRead(_Model):
    """Somebody looked at enrolled people: the first look of an account, or all others in the minute after one.

    since: when the first of them was. names, reference_pictures, alert_pictures: how many were shown. subjects: whose,
    but for names in a list; more: there were more than are named here.
    """

    actor: Actor
    role: str
    since: Time
    names: Count
    reference_pictures: Count
    alert_pictures: Count
    subjects: list[str]
    more: Literal[True] | None = None
    via: Via | None = None


class Start(_Model):
    """The service began, with this model, threshold and gallery."""

    model_digest: Sha256
    operating_point: Point
    gallery_revision: Count


class Stop(_Model):
    """The service ended as it should."""


_BODIES: dict[EntryKind, type[_Model]] = {
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


@cache
def published() -> Mapping[str, Any]:
    """The JSON Schema (2020-12) of every entry of this version."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"An entry of Clearglass's log, version {VERSION}",
        **_entries().json_schema(),
    }


def violation(leaf: bytes) -> str | None:
    """Where a leaf, which is JSON, first departs from the schema, and how; None if it does not."""
    try:
        _entries().validate_json(leaf)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "kind"
        return f"{place}: {first['msg']}"
    return None


@cache
def _entries() -> TypeAdapter[Any]:
    """Every kind of entry, told apart by its kind."""
    kinds = tuple(
        create_model(  # type: ignore[call-overload]  # its stubs know of no literals made at run time
            f"{body.__name__}Entry",
            __base__=_Model,
            version=Literal[VERSION],
            time=Time,
            kind=Literal[kind.value],
            body=body,
        )
        for kind, body in _BODIES.items()
    )
    told_apart: Any = Field(discriminator="kind")
    return TypeAdapter[Any](Annotated[Union.__getitem__(kinds), told_apart])  # type: ignore[arg-type]
