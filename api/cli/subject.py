"""`clearglass subject`: enrol, list, show, declare, withdraw."""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from api.cli.consent import Cameras, Days, Evidence, Purpose, consent_record, new_consent
from api.cli.options import Data, Json, opened
from api.cli.output import counted, progress, show, tell, warn_all
from api.peer import own_actor as actor

if TYPE_CHECKING:
    from api.service import Service
    from matcher.gallery.consent import NewConsent
    from matcher.gallery.enrolment import Enrolment
    from matcher.gallery.errors import LikelyDuplicateError

app = typer.Typer(help="People who agreed to be in the gallery.", no_args_is_help=True)

PARTLY = 3
"""The exit status of an enrolment that did not use all of its pictures."""


@app.command()
def enrol(
    name: Annotated[str, typer.Argument(help="The person's name, kept sealed.")],
    pictures: Annotated[list[Path], typer.Argument(help="One or more pictures.", exists=True, dir_okay=False)],
    purpose: Purpose,
    evidence: Evidence,
    data: Data,
    camera: Cameras = None,
    days: Days = 365,
    face: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[PICTURE=]N",
            help="Which face of a picture is meant where it has several, as the refusal numbers them; may stand again.",
        ),
    ] = None,
    acknowledge: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="A subject who is like the person, and somebody else; may stand again. Asked for at a terminal.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Enrol a person who consented, from one or many pictures; says of each refused picture why.

    Everybody whose consent is in force is searched for the same person under another name, which the log tells of.
    Exit status: 0 every picture is used, 3 some are refused; 1 nobody is enrolled.
    """
    from api.purposes import purpose_warnings
    from matcher.gallery.enrolment import Picture
    from matcher.gallery.errors import LikelyDuplicateError

    faces = _faces(face or [], pictures)
    handed_in = [Picture(label=path.name, data=path.read_bytes(), face=faces.get(path)) for path in pictures]

    def attempt(service: "Service", consent: "NewConsent", acknowledged: Collection[str]) -> "Enrolment":
        with progress("Reading the pictures") as advance:
            return service.matcher.enroller.enrol(
                name=name,
                pictures=handed_in,
                consent=consent,
                actor=actor(),
                acknowledged=acknowledged,
                progress=advance,
            )

    with opened(data) as service:
        consent = new_consent(service, purpose=purpose, evidence=evidence, cameras=camera, days=days)
        acknowledged = set(acknowledge or [])
        try:
            enrolment = attempt(service, consent, acknowledged)
        except LikelyDuplicateError as error:
            if json or not sys.stdin.isatty():
                raise
            enrolment = attempt(service, consent, acknowledged | _acknowledged(service, error))
        warnings = purpose_warnings(service, purpose)
    refused = [{"picture": r.label, "code": r.code, "message": r.message} for r in enrolment.refused]
    used = counted(len(enrolment.accepted), "picture")
    record = {
        "subject_id": enrolment.subject.id,
        "consent_id": enrolment.consent and enrolment.consent.id,
        "references": len(enrolment.accepted),
        "refused": refused,
        "warnings": [warning.model_dump() for warning in warnings],
    }
    tell(record, as_json=json, sentence=f"Enrolled {enrolment.subject.id} with {used}.")
    if not json:
        warn_all(warnings)
        show(refused, as_json=False, title="Pictures that were not used", empty="")
    if refused:
        sys.exit(PARTLY)


def _faces(texts: Sequence[str], pictures: Sequence[Path]) -> dict[Path, int]:
    """The numbers of the faces that are meant, by picture."""
    faces = {}
    for text in texts:
        picture, _, number = text.rpartition("=")
        meant = [path for path in pictures if picture in ("", str(path), path.name)]
        if len(meant) != 1 or not number.isdecimal():
            raise typer.BadParameter(f"{text!r} does not say which face of which picture is meant, as PICTURE=N does")
        faces[meant[0]] = int(number)
    return faces


def _acknowledged(service: "Service", error: "LikelyDuplicateError") -> set[str]:
    """Those who were found, if the person at the terminal says that it is none of them. Raises the error if not."""
    check = error.check
    rows = [
        {
            "id": one.subject_id,
            "name": service.matcher.gallery.subject(one.subject_id).name,
            "dissimilarity": f"{one.dissimilarity:.3f}",
        }
        for one in check.duplicates
    ]
    show(rows, as_json=False, title="The person seems to be enrolled already", empty="")
    if not typer.confirm("Is it somebody else, to be enrolled beside them?"):
        raise error
    return set(check.subjects)


@app.command("list")
def list_(data: Data, json: Json = False) -> None:
    """List the people in the gallery. That their names were shown is logged."""
    from api.gallery_reads import Seen
    from api.permission import Role

    with opened(data) as service:
        gallery = service.matcher.gallery
        subjects = gallery.subjects()
        service.gallery_reads.note(Seen.NAMES, actor=actor(), role=Role.ADMINISTRATOR, count=len(subjects))
        rows = [
            {
                "id": subject.id,
                "name": subject.name,
                "references": len(gallery.references(subject.id)),
                "enrolled": subject.created_at.isoformat(timespec="seconds"),
            }
            for subject in subjects
        ]
    show(rows, as_json=json, title="People", empty="Nobody is enrolled yet: clearglass subject enrol NAME PICTURE…")


@app.command("show")
def show_(subject_id: Annotated[str, typer.Argument(help="The subject's id.")], data: Data, json: Json = False) -> None:
    """Show one person with their consents; of somebody who has withdrawn what is left: the consents."""
    with opened(data) as service:
        gallery = service.matcher.gallery
        subject, consents = gallery.subject(subject_id), gallery.consents(subject_id)
        references = len(gallery.references(subject_id))
        cameras = {camera.id: camera.name for camera in service.cameras.list()}
    record = {
        "id": subject.id,
        "name": subject.name,
        "enrolled": subject.created_at.isoformat(timespec="seconds"),
        "withdrawn": None if subject.withdrawn_at is None else subject.withdrawn_at.isoformat(timespec="seconds"),
        "references": references,
        "consents": [consent_record(consent) for consent in consents],
    }
    state = "withdrawn" if subject.withdrawn_at else counted(references, "picture")
    tell(record, as_json=json, sentence=f"{escape(subject.name or 'Name erased')} ({subject.id}): {state}.")
    if not json:
        rows = [
            {
                "consent": consent.id,
                "purpose": consent.purpose,
                "where": ", ".join(cameras.get(place, place) for place in sorted(consent.cameras)),
                "from": f"{consent.valid_from:%Y-%m-%d %H:%M}",
                "until": f"{consent.valid_until:%Y-%m-%d %H:%M}",
                "ended": "" if consent.withdrawn_at is None else f"{consent.withdrawn_at:%Y-%m-%d %H:%M}",
            }
            for consent in consents
        ]
        show(rows, as_json=False, title="Consents, in UTC", empty="No consent.")


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
    kept = f"Kept {counted(len(declared), 'attribute')} of {subject_id}."
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
