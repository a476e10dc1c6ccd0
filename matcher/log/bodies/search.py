"""What entries say of a search, and of what came of it: outcome, failure, alert, review."""

from typing import Annotated, Literal

from pydantic import Field

from matcher.log.bodies.parts import (
    Actor,
    Count,
    EntryPart,
    Fusion,
    Index,
    Name,
    Normalised,
    Point,
    Scores,
    Sha256,
    Time,
    TimeZone,
    Via,
)


class Gallery(EntryPart):
    """What was searched. content_hash: of its references and consents. in_scope: references the search might find."""

    id: str
    revision: Count
    content_hash: Sha256
    size: Count
    in_scope: Count


class Against(EntryPart):
    """Whom a verification compares with: a subject, or another picture, by its commitment."""

    subject: str | None = None
    commitment: Sha256 | None = None


class Origin(EntryPart):
    """Where the face comes from, if a whole photograph was searched. photograph: a random id that its faces share.

    face: the face's number in it, the largest first. searched: how many faces were searched for. least_eye_distance:
    pixels between the eyes that were asked of each.
    """

    photograph: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    face: Annotated[int, Field(ge=1)]
    searched: Annotated[int, Field(ge=1)]
    least_eye_distance: Annotated[float, Field(gt=0)]


class Request(EntryPart):
    """A search is about to begin. commitment: HMAC-SHA256 of the probe under a salt that is not in the log.

    quality: of the probe, 0 to 1, higher is better. origin: of a probe that is one of a photograph's faces. time_zone:
    by whose clocks the hours of consents were read.
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
    fusion: Fusion
    operating_point: Point
    commitment: Sha256
    quality: Annotated[float, Field(ge=0, le=1)] | None = None
    against: Against | None = None
    origin: Origin | None = None
    time_zone: TimeZone | None = None
    via: Via | None = None


class Candidate(EntryPart):
    """Somebody who was found. dissimilarity: of all recognisers together, the one that the threshold is on."""

    subject: str
    reference: str
    rank: Annotated[int, Field(ge=1)]
    dissimilarity: float
    scores: Scores
    normalised: Normalised = None


class Outcome(EntryPart):
    """What came of a search. searched: how many references it compared; most: how many candidates it would have named;
    mated, dissimilarity, scores and normalised: of a verification."""

    request: Index
    started_at: Time
    ended_at: Time
    candidates: list[Candidate]
    searched: Count
    most: Count | None = None
    mated: bool | None = None
    dissimilarity: float | None = None
    scores: Scores | None = None
    normalised: Normalised = None


class Failure(EntryPart):
    """A search that gave no answer, or, with no request, one that was not begun. code: why."""

    code: str
    request: Index | None = None
    actor: Actor | None = None
    purpose: Name | None = None
    via: Via | None = None


class Alert(EntryPart):
    """A search's first candidate was laid before people. request, outcome: of that search. camera: that made it."""

    alert: str
    request: Index
    outcome: Index
    subject: str
    camera: Name
    dissimilarity: float


class Review(EntryPart):
    """What a person said of an alert. request, outcome: of the search that it was raised for. status: the alert's,
    after it. noted: whether they wrote a note beside it."""

    alert: str
    request: Index
    outcome: Index
    subject: str
    actor: Actor
    verdict: Literal["confirm", "reject"]
    status: Literal["open", "awaiting_second", "confirmed", "rejected"]
    noted: bool
    via: Via | None = None
