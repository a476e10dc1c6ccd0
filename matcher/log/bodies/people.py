"""What entries say of enrolled people: what came of them into the gallery, what they agreed to, and that it went."""

from typing import Annotated, Literal

from pydantic import Field

from matcher.log.bodies.parts import Actor, Count, EntryPart, Index, Name, Sha256, Time, Via

Weekday = Annotated[int, Field(ge=1, le=7, description="Of ISO 8601: 1 is Monday.")]


class Hours(EntryPart):
    """A time of the day on some weekdays, by the clock where the camera is.

    end: not within; 24:00 is midnight. An end that is not after its begin is on the next day.
    """

    days: Annotated[list[Weekday], Field(min_length=1, max_length=7)]
    begin: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    end: Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]


class Consent(EntryPart):
    """What somebody agreed to. times: on which weekdays at which hours; missing: at any time.

    evidence_commitment: HMAC-SHA256 of the digest (SHA-256) of what shows it, under a salt that is not in the log.
    """

    id: str
    purpose: Name
    cameras: list[str]
    valid_from: Time
    valid_until: Time
    evidence_commitment: Sha256
    times: Annotated[list[Hours], Field(min_length=1)] | None = None


class ConsentNamed(EntryPart):
    """A consent by its id alone."""

    id: str


class Enrolment(EntryPart):
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


class ConsentChange(EntryPart):
    """A consent was given, or taken back."""

    action: Literal["granted", "withdrawn"]
    subject: str
    actor: Actor
    revision: Count
    consent: Consent | ConsentNamed
    via: Via | None = None


class Declaration(EntryPart):
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


class Withdrawal(EntryPart):
    """A subject left the gallery. reference_count: how many references of theirs went."""

    subject: str
    actor: Actor
    reference_count: Count
    revision: Count
    via: Via | None = None


class Erasure(EntryPart):
    """What was kept of a subject has been overwritten."""

    subject: str
    references_left: Count
    method: str
