"""`clearglass subject`: enrol, list, declare, withdraw."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Data, Json, actor, opened
from api.cli.output import progress, show, tell

app = typer.Typer(help="People who agreed to be in the gallery.", no_args_is_help=True)


@app.command()
def enrol(
    name: Annotated[str, typer.Argument(help="The person's name, kept sealed.")],
    pictures: Annotated[list[Path], typer.Argument(help="One or more pictures.", exists=True, dir_okay=False)],
    purpose: Annotated[str, typer.Option(help="What the person agreed to be searched for.")],
    evidence: Annotated[
        Path, typer.Option(help="The signed consent: its digest is kept.", exists=True, dir_okay=False)
    ],
    data: Data,
    camera: Annotated[
        list[str] | None, typer.Option(help="A camera's id; may stand again. Every camera if none.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="How many days the consent holds from now.")] = 365,
    json: Json = False,
) -> None:
    """Enrol a person who consented, from one or many pictures; says of each refused picture why."""
    import hashlib

    from matcher.gallery.consent import ANY_CAMERA, NewConsent
    from matcher.gallery.enrolment import Picture

    now = datetime.now(UTC)
    consent = NewConsent(
        purpose=purpose,
        cameras=frozenset(camera or [ANY_CAMERA]),
        valid_from=now,
        valid_until=now + timedelta(days=days),
        evidence_digest=hashlib.sha256(evidence.read_bytes()).hexdigest(),
    )
    with opened(data) as service, progress("Reading the pictures") as advance:
        enrolment = service.matcher.enroller.enrol(
            name=name,
            pictures=[Picture(label=path.name, data=path.read_bytes()) for path in pictures],
            consent=consent,
            actor=actor(),
            progress=advance,
        )
    refused = [{"picture": r.label, "code": r.code, "message": r.message} for r in enrolment.refused]
    record = {
        "subject_id": enrolment.subject.id,
        "consent_id": enrolment.consent and enrolment.consent.id,
        "references": len(enrolment.accepted),
        "refused": refused,
    }
    tell(record, as_json=json, sentence=f"Enrolled {enrolment.subject.id} with {len(enrolment.accepted)} reference(s).")
    if refused and not json:
        show(refused, as_json=False, title="Pictures that were not used", empty="")


@app.command("list")
def list_(data: Data, json: Json = False) -> None:
    """List the people in the gallery."""
    with opened(data) as service:
        gallery = service.matcher.gallery
        rows = [
            {
                "id": subject.id,
                "name": subject.name,
                "references": len(gallery.references(subject.id)),
                "enrolled": subject.created_at.isoformat(timespec="seconds"),
            }
            for subject in gallery.subjects()
        ]
    show(rows, as_json=json, title="People", empty="Nobody is enrolled yet: clearglass subject enrol NAME PICTURE…")


@app.command()
def declare(
    subject_id: Annotated[str, typer.Argument(help="The subject's id.")],
    data: Data,
    attributes: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]…", help="Such as gender=female age=60+.")
    ] = None,
    agreed: Annotated[
        bool, typer.Option("--agreed", help="The person agreed that it is used to measure fairness.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Forget what the person declared.")] = False,
    json: Json = False,
) -> None:
    """Keep groups that a person says they belong to, and agreed to have used for measuring fairness."""
    if remove == bool(attributes) or remove == agreed:
        raise typer.BadParameter("give attributes as NAME=VALUE with --agreed, or --remove")
    declared = _attributes(attributes or [])
    with opened(data) as service:
        if remove:
            service.matcher.declarations.remove(subject_id, actor())
        else:
            service.matcher.declarations.declare(subject_id, declared, actor())
    kept = f"Kept {len(declared)} attribute(s) of {subject_id}."
    sentence = f"Forgot what {subject_id} declared." if remove else kept
    tell({"subject_id": subject_id, "attributes": declared}, as_json=json, sentence=sentence)


def _attributes(texts: list[str]) -> dict[str, str]:
    parts = [text.partition("=") for text in texts]
    declared = {name.strip(): value.strip() for name, _, value in parts}
    if not all(middle for _, middle, _ in parts) or len(declared) < len(texts):
        raise typer.BadParameter("each attribute stands once, as NAME=VALUE")
    return declared


@app.command()
def withdraw(
    subject_id: Annotated[str, typer.Argument(help="The subject's id.")], data: Data, json: Json = False
) -> None:
    """Withdraw a person: out of every search at once, key, templates and pictures destroyed."""
    with opened(data) as service:
        service.matcher.gallery.withdraw(subject_id, actor())
    tell({"subject_id": subject_id, "withdrawn": True}, as_json=json, sentence=f"Withdrew {subject_id}.")
