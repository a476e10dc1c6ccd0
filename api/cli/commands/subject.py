"""`clearglass subject`: enrol, list, show, declare, withdraw."""

import sys
from collections.abc import Collection, Sequence
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from api.cli.client import Client, RefusedError, reached
from api.cli.commands.consent import Cameras, Days, Evidence, Purpose, Times, new_consent
from api.cli.options import Data, Json
from api.cli.output import counted, minute, progress, show, tell, warn_all
from api.cli.path import path_of

app = typer.Typer(help="People who agreed to be in the gallery.", no_args_is_help=True)

PARTLY = 3
"""The exit status of an enrolment that did not use all of its pictures."""

_DUPLICATE = "likely_duplicate"


@app.command()
def enrol(
    name: Annotated[str, typer.Argument(help="The person's name, kept sealed.")],
    pictures: Annotated[list[Path], typer.Argument(help="One or more pictures.", exists=True, dir_okay=False)],
    purpose: Purpose,
    evidence: Evidence,
    data: Data,
    camera: Cameras = None,
    days: Days = 365,
    times: Times = None,
    face: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[PICTURE=]N",
            help="The face to use of a picture with several, by its number in the refusal; may be repeated.",
        ),
    ] = None,
    acknowledge: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="A similar subject who is another person; may be repeated. Prompted for at a terminal.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Enrol a person who consented, from one or many pictures; prints the reason for each refused picture. First it
    searches all people whose consent is in force for the same person under another name; these searches are in the log.
    Exit status: 0 every picture is used, 3 some are refused; 1 nobody is enrolled.
    """
    faces = _faces(face or [], pictures)
    known = set(acknowledge or [])
    with reached(data) as client:
        consent = new_consent(client, purpose=purpose, evidence=evidence, cameras=camera, days=days, times=times)
        form = consent | {
            "name": name,
            "cameras": ",".join(consent["cameras"]),
            "times": dumps(consent["times"]),
            "faces": ",".join(str(faces.get(path, "")) for path in pictures),
        }
        try:
            enrolment = _enrolled(client, form, pictures, known)
        except RefusedError as error:
            if error.code != _DUPLICATE or json or not sys.stdin.isatty():
                raise
            enrolment = _enrolled(client, form, pictures, known | _acknowledged(error))
    used = counted(len(enrolment["accepted"]), "picture")
    tell(enrolment, as_json=json, sentence=f"Enrolled {enrolment['subject']['id']} with {used}.")
    if not json:
        warn_all(enrolment["warnings"])
        rows = [_refused_row(refused, pictures) for refused in enrolment["refused"]]
        if rows:
            show(rows, as_json=False, title="Pictures that were not used", empty="")
    if enrolment["refused"]:
        sys.exit(PARTLY)


def _enrolled(
    client: Client, form: dict[str, Any], pictures: Sequence[Path], acknowledged: Collection[str]
) -> dict[str, Any]:
    """Sends an enrolment. Raises: RefusedError."""
    # Numbered and not named, since a file's name may be a person's.
    files = [("files", (str(place), path.read_bytes())) for place, path in enumerate(pictures, 1)]
    with progress("Reading the pictures"):
        enrolment: dict[str, Any] = client.send(
            "POST", "/subjects", data=form | {"acknowledged": ",".join(sorted(acknowledged))}, files=files
        )
    return enrolment


def _refused_row(refused: dict[str, Any], pictures: Sequence[Path]) -> dict[str, Any]:
    """A picture that was not used, for people; the API gives its position."""
    return {
        "picture": pictures[int(refused["picture"]) - 1].name,
        "code": refused["code"],
        "message": refused["message"],
    }


def _faces(texts: Sequence[str], pictures: Sequence[Path]) -> dict[Path, int]:
    """The numbers of the chosen faces, by picture."""
    faces = {}
    for text in texts:
        picture, _, number = text.rpartition("=")
        meant = [path for path in pictures if picture in ("", str(path), path.name)]
        if len(meant) != 1 or not number.isdecimal():
            raise typer.BadParameter(f"{text!r} does not name a picture and a face, as PICTURE=N does")
        faces[meant[0]] = int(number)
    return faces


def _acknowledged(error: RefusedError) -> set[str]:
    """The ids of the subjects found, if the user at the terminal confirms that each is another person. Raises the error
    if not."""
    duplicates = error.form["duplicates"]
    rows = [
        {"id": one["subject_id"], "name": one["name"], "dissimilarity": f"{one['dissimilarity']:.3f}"}
        for one in duplicates
    ]
    show(rows, as_json=False, title="The person seems to be enrolled already", empty="")
    if not typer.confirm("Is it another person, to be enrolled as well?"):
        raise error
    return {one["subject_id"] for one in duplicates}


@app.command("list")
def list_(
    data: Data,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many of them.")] = 200,
    offset: Annotated[int, typer.Option(min=0, max=10_000_000, help="How many to skip.")] = 0,
    json: Json = False,
) -> None:
    """List the people in the gallery in the order of their enrolment. The log records that their names were shown."""
    with reached(data) as client:
        subjects = client.get("/subjects", limit=limit, offset=offset)
        enrolled = 0 if json else client.get("/gallery")["enrolled"]
    people = counted(enrolled, "person is", "people are")
    nobody = "Nobody is enrolled yet: clearglass subject enrol NAME PICTURE…"
    show(
        subjects if json else [_row(subject) for subject in subjects],
        as_json=json,
        title="People (enrolled in UTC)",
        empty=f"Nobody stands so far down the list: {people} enrolled." if enrolled else nobody,
    )
    end = offset + len(subjects)
    if not json and subjects and end < enrolled:
        print(f"{people} enrolled; see more of them with --offset {end}.")


def _row(subject: dict[str, Any]) -> dict[str, Any]:
    """A subject of the list, for people."""
    return {
        "id": subject["id"],
        "name": subject["name"],
        "references": subject["references"],
        "enrolled": minute(subject["created_at"]),
    }


@app.command("show")
def show_(subject_id: Annotated[str, typer.Argument(help="The subject's id.")], data: Data, json: Json = False) -> None:
    """Show one person with their consents; after withdrawal only the consents are left."""
    with reached(data) as client:
        found = client.get(path_of("subjects", subject_id))
        cameras = {} if json else {camera["id"]: camera["name"] for camera in client.get("/cameras")}
    subject = found["subject"]
    state = "withdrawn" if subject["withdrawn_at"] else counted(len(found["references"]), "picture")
    tell(found, as_json=json, sentence=f"{escape(subject['name'] or 'Name erased')} ({subject['id']}): {state}.")
    if not json:
        rows = [_consent_row(consent, cameras) for consent in found["consents"]]
        show(rows, as_json=False, title="Consents, in UTC", empty="No consent.")


def _consent_row(consent: dict[str, Any], cameras: dict[str, str]) -> dict[str, Any]:
    """A consent for people. cameras: names by id."""
    return {
        "consent": consent["id"],
        "purpose": consent["purpose"],
        "where": ", ".join(cameras.get(place, place) for place in consent["cameras"]),
        "from": minute(consent["valid_from"]),
        "until": minute(consent["valid_until"]),
        "hours (local)": f"{consent['hours']} ({', '.join(consent['time_zones'])})" if consent["hours"] else None,
        "ended": minute(consent["withdrawn_at"]),
    }


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
    remove: Annotated[bool, typer.Option("--remove", help="Delete the person's declaration.")] = False,
    json: Json = False,
) -> None:
    """Store the groups that a person declares, with their agreement to the use for measuring fairness."""
    if remove == bool(attributes) or remove == agreed:
        raise typer.BadParameter("give attributes as NAME=VALUE with --agreed, or --remove")
    declared = _attributes(attributes or [])
    path = path_of("subjects", subject_id, "declaration")
    with reached(data) as client:
        if remove:
            client.send("DELETE", path)
            declaration: dict[str, Any] = {"attributes": {}}
        else:
            declaration = client.send("PUT", path, json={"attributes": declared, "agreed": True})
    kept = f"Kept {counted(len(declared), 'attribute')} of {escape(subject_id)}."
    sentence = f"Forgot what {escape(subject_id)} declared." if remove else kept
    tell(declaration, as_json=json, sentence=sentence)


def _attributes(texts: list[str]) -> dict[str, str]:
    parts = [text.partition("=") for text in texts]
    declared = {name.strip(): value.strip() for name, _, value in parts}
    if not all(middle for _, middle, _ in parts) or len(declared) < len(texts):
        raise typer.BadParameter("give each attribute once, as NAME=VALUE")
    return declared


@app.command()
def withdraw(
    subject_id: Annotated[str, typer.Argument(help="The subject's id.")], data: Data, json: Json = False
) -> None:
    """Withdraw a person: no search finds them any more; key, templates and pictures are destroyed."""
    path = path_of("subjects", subject_id)
    with reached(data) as client:
        client.send("DELETE", path)
        left = client.get(path)
    tell(left, as_json=json, sentence=f"Withdrew {left['subject']['id']}.")
