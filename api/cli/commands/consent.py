"""`clearglass consent`: add, end."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.client import Client, reached
from api.cli.named_camera import camera_ids
from api.cli.options import Data, Json
from api.cli.output import minute, tell, warn_all
from api.cli.path import path_of

app = typer.Typer(
    help="Consents: the purposes, cameras and times for which a person may be found.", no_args_is_help=True
)

Purpose = Annotated[str, typer.Option(help="The purpose to which the person agreed.")]
Evidence = Annotated[
    Path,
    typer.Option(help="The signed consent; only its digest is stored.", exists=True, dir_okay=False, readable=True),
]
Cameras = Annotated[
    list[str] | None,
    typer.Option(
        "--camera",
        metavar="NAME|ID",
        help="A camera's name or id, or upload for pictures handed in; may be repeated. All of them if none.",
    ),
]
Days = Annotated[int, typer.Option(min=1, max=36_500, help="How many days the consent holds from now.")]
Times = Annotated[
    list[str] | None,
    typer.Option(
        "--times",
        metavar="HOURS",
        help='Weekdays and hours, such as "mon-fri 08:00-17:00; sat 09:00-12:00", by the clocks of each camera; may '
        "stand again. At all hours if none.",
    ),
]


def new_consent(
    client: Client, *, purpose: str, evidence: Path, cameras: list[str] | None, days: int, times: list[str] | None
) -> dict[str, Any]:
    """The consent of a command's options, in the API's form; it begins when it is recorded.

    Raises: CameraUnknownError, BadParameter for times that cannot be read.
    """
    import hashlib
    from datetime import UTC, datetime, timedelta

    from matcher.consent.errors import ConsentInvalidError
    from matcher.consent.hours import hours_json, parse_hours

    try:
        hours = parse_hours(";".join(times or []))
    except ConsentInvalidError as error:
        raise typer.BadParameter(str(error), param_hint="--times") from error
    return {
        "purpose": purpose,
        "cameras": camera_ids(client, cameras or []),
        "valid_until": (datetime.now(UTC) + timedelta(days=days)).isoformat(),
        "evidence_digest": hashlib.sha256(evidence.read_bytes()).hexdigest(),
        "times": hours_json(hours),
    }


@app.command()
def add(
    subject_id: Annotated[str, typer.Argument(help="The subject's id.")],
    purpose: Purpose,
    evidence: Evidence,
    data: Data,
    camera: Cameras = None,
    days: Days = 365,
    times: Times = None,
    json: Json = False,
) -> None:
    """Record a further consent of a person: another purpose, other cameras, other hours, a longer time."""
    with reached(data) as client:
        new = new_consent(client, purpose=purpose, evidence=evidence, cameras=camera, days=days, times=times)
        consent = client.send("POST", path_of("subjects", subject_id, "consents"), json=new)
    until = minute(consent["valid_until"])
    sentence = f"Recorded consent {consent['id']} of {consent['subject_id']}, until {until} UTC."
    tell(consent, as_json=json, sentence=sentence)
    if not json:
        warn_all(consent["warnings"])


@app.command()
def end(
    consent_id: Annotated[str, typer.Argument(help="The consent's id, as `clearglass subject show` prints it.")],
    data: Data,
    json: Json = False,
) -> None:
    """End one consent: from now on no search finds the person by it."""
    path = path_of("consents", consent_id)
    with reached(data) as client:
        client.send("DELETE", path)
        consent = client.get(path)
    tell(consent, as_json=json, sentence=f"Ended consent {consent['id']} of {consent['subject_id']}.")
