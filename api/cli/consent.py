"""`clearglass consent`: add, end."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.named_camera import camera_ids
from api.cli.options import Data, Json, opened
from api.cli.output import tell, warn_all
from api.peer import own_actor as actor

if TYPE_CHECKING:
    from api.service import Service
    from matcher.gallery.consent import Consent, NewConsent

app = typer.Typer(help="Consents: for what, where and how long a person may be found.", no_args_is_help=True)

Purpose = Annotated[str, typer.Option(help="What the person agreed to be searched for.")]
Evidence = Annotated[
    Path, typer.Option(help="The signed consent: its digest is kept.", exists=True, dir_okay=False, readable=True)
]
Cameras = Annotated[
    list[str] | None,
    typer.Option(
        "--camera",
        metavar="NAME|ID",
        help="A camera's name or id, or upload for pictures handed in; may stand again. All of them if none.",
    ),
]
Days = Annotated[int, typer.Option(min=1, max=36_500, help="How many days the consent holds from now.")]


def new_consent(
    service: "Service", *, purpose: str, evidence: Path, cameras: list[str] | None, days: int
) -> "NewConsent":
    """The consent that a command's options say. Raises: CameraUnknownError."""
    import hashlib
    from datetime import UTC, datetime, timedelta

    from matcher.gallery.consent import NewConsent

    now = datetime.now(UTC)
    return NewConsent(
        purpose=purpose,
        cameras=camera_ids(service, cameras or []),
        valid_from=now,
        valid_until=now + timedelta(days=days),
        evidence_digest=hashlib.sha256(evidence.read_bytes()).hexdigest(),
    )


def consent_record(consent: "Consent") -> dict[str, object]:
    """A consent as the commands print it for programs."""
    return {
        "id": consent.id,
        "purpose": consent.purpose,
        "cameras": sorted(consent.cameras),
        "valid_from": consent.valid_from.isoformat(),
        "valid_until": consent.valid_until.isoformat(),
        "evidence_digest": consent.evidence_digest,
        "ended": None if consent.withdrawn_at is None else consent.withdrawn_at.isoformat(),
    }


@app.command()
def add(
    subject_id: Annotated[str, typer.Argument(help="The subject's id.")],
    purpose: Purpose,
    evidence: Evidence,
    data: Data,
    camera: Cameras = None,
    days: Days = 365,
    json: Json = False,
) -> None:
    """Record a further consent of a person: another purpose, other cameras, a longer time."""
    from api.purposes import purpose_warnings

    with opened(data) as service:
        new = new_consent(service, purpose=purpose, evidence=evidence, cameras=camera, days=days)
        consent = service.matcher.gallery.grant(subject_id, new, actor())
        warnings = purpose_warnings(service, purpose)
    record = consent_record(consent) | {"warnings": [warning.model_dump() for warning in warnings]}
    sentence = f"Recorded consent {consent.id} of {subject_id}, until {consent.valid_until:%Y-%m-%d %H:%M} UTC."
    tell(record, as_json=json, sentence=sentence)
    if not json:
        warn_all(warnings)


@app.command()
def end(
    consent_id: Annotated[str, typer.Argument(help="The consent's id, as `clearglass subject show` prints it.")],
    data: Data,
    json: Json = False,
) -> None:
    """End one consent: from now on no search finds the person by it."""
    with opened(data) as service:
        consent = service.matcher.gallery.withdraw_consent(consent_id, actor())
    tell(consent_record(consent), as_json=json, sentence=f"Ended consent {consent.id} of {consent.subject_id}.")
