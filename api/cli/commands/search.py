"""`clearglass identify` and `clearglass verify`: searches from the terminal, logged as every search is."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.client import Client, RefusedError, reached
from api.cli.options import Data, Json
from api.cli.output import counted, progress, show, tell, warn_all
from matcher.probe.small_faces import LEAST_EYE_DISTANCE

Picture = Annotated[Path, typer.Argument(help="A picture with a face.", exists=True, dir_okay=False)]
Face = Annotated[
    int | None,
    typer.Option(min=1, help="The number of the face, if the picture shows several: from 1, the largest first."),
]
Purpose = Annotated[str, typer.Option(help="The purpose of the search: only people with a consent for it are found.")]
Case = Annotated[str | None, typer.Option("--case", help="A case reference, kept in the log.")]


def identify(
    picture: Picture,
    purpose: Purpose,
    data: Data,
    face: Face = None,
    all_faces: Annotated[
        bool, typer.Option("--all-faces", help="Search for every face of the picture, each as a search of its own.")
    ] = False,
    least_eye_distance: Annotated[
        float | None,
        typer.Option(
            min=LEAST_EYE_DISTANCE,
            max=1000,
            help="With --all-faces: the least distance of the eyes, in pixels, of a face that is searched for.",
        ),
    ] = None,
    case: Case = None,
    json: Json = False,
) -> None:
    """Search the gallery for the person in a picture, or for all people in it (1:N)."""
    if all_faces and face is not None:
        raise typer.BadParameter("give --face or --all-faces, one of the two")
    if least_eye_distance is not None and not all_faces:
        raise typer.BadParameter("--least-eye-distance goes with --all-faces")
    form = {"purpose": purpose, "case_reference": case}
    with reached(data) as client:
        if all_faces:
            began = time.perf_counter()
            with progress("Searching for the faces"):
                found = _sent(
                    client, "/photographs", {"file": picture}, form | {"least_eye_distance": least_eye_distance}
                )
            seconds = time.perf_counter() - began
        else:
            found = _sent(client, "/identifications", {"file": picture}, form | {"face": face})
    if json:
        tell(found, as_json=True, sentence="")
        return
    if all_faces:
        _print_photograph(found, seconds)
    else:
        _print_candidates(found)
    warn_all(found["warnings"])
    _warn(found["operating_point"])


def _sent(client: Client, path: str, pictures: dict[str, Path], form: dict[str, Any]) -> dict[str, Any]:
    """The answer to a search. pictures: by the API's fields; fields of the form that are None are left out. Raises:
    RefusedError."""
    answer: dict[str, Any] = client.send(
        "POST",
        path,
        data={field: value for field, value in form.items() if value is not None},
        # Named by the field, since a file's name may be a person's.
        files={field: (field, picture.read_bytes()) for field, picture in pictures.items()},
    )
    return answer


def _print_candidates(found: dict[str, Any]) -> None:
    """The result for one face."""
    point = found["operating_point"]
    at = f"{point['name']} (threshold {point['threshold']:.4f})"
    show(
        [{"rank": candidate["rank"], **_columns(candidate)} for candidate in found["candidates"]],
        as_json=False,
        title=f"Candidates at {at}",
        empty=f"No candidate at {at}.",
    )
    scope = counted(found["searched"], "reference")
    print(f"{scope} in scope; log entries {found['request_index']} and {found['outcome_index']}.")


def _print_photograph(found: dict[str, Any], seconds: float) -> None:
    """The result for each face of a photograph, and why a face was not searched for."""
    point, faces = found["operating_point"], found["faces"]
    at = f"{point['name']} (threshold {point['threshold']:.4f})"
    show(
        [row for face in faces for row in _first_candidate(face)],
        as_json=False,
        title=f"First candidates at {at}",
        empty=f"No candidate at {at}.",
    )
    searches = [face["search"] for face in faces if face["search"] is not None]
    print(f"{counted(len(faces), 'face')} found, {len(searches)} searched for in {seconds:.1f} s.")
    if searches:
        each = 1000 * seconds / len(searches)
        print(f"{each:.0f} ms a face; log entries {searches[0]['request_index']} to {searches[-1]['outcome_index']}.")
    reasons = Counter(reason for face in faces for reason in face["reasons"])
    if reasons:
        print(f"Not searched for: {', '.join(f'{count} {reason}' for reason, count in reasons.most_common())}.")


def _columns(candidate: dict[str, Any]) -> dict[str, Any]:
    """A candidate for people; with the meaning of its dissimilarity only where there is a scale."""
    words = candidate["stands_for"]
    return {
        "subject_id": candidate["subject_id"],
        "name": candidate["name"],
        "dissimilarity": round(candidate["dissimilarity"], 4),
        **({} if words is None else {"stands_for": words}),
    }


def _first_candidate(face: dict[str, Any]) -> list[dict[str, Any]]:
    """A face's row of the table; none without a candidate."""
    search, box = face["search"], face["box"]
    if search is None or not search["candidates"]:
        return []
    place = f"{box['x']:.0f}, {box['y']:.0f}, {box['width']:.0f}×{box['height']:.0f}"
    return [{"face": face["index"], "at": place, **_columns(search["candidates"][0])}]


def _warn(point: dict[str, Any]) -> None:
    """The threshold's caveat."""
    if point["caveat"] is not None:
        warn_all([point["caveat"]])


def verify(
    picture: Picture,
    purpose: Purpose,
    data: Data,
    against: Annotated[Path | None, typer.Argument(help="A second picture.", exists=True, dir_okay=False)] = None,
    face: Face = None,
    against_face: Face = None,
    subject: Annotated[str | None, typer.Option(help="Or the id of an enrolled subject.")] = None,
    case: Case = None,
    json: Json = False,
) -> None:
    """Compare a picture with a second one or with an enrolled subject (1:1)."""
    if (against is None) == (subject is None):
        raise typer.BadParameter("give a second picture or --subject, one of the two")
    pictures = {"file": picture} if against is None else {"file": picture, "against": against}
    form = {
        "purpose": purpose,
        "face": face,
        "against_face": against_face,
        "subject_id": subject,
        "case_reference": case,
    }
    with reached(data) as client, _naming(pictures):
        found = _sent(client, "/verifications", pictures, form)
    said = "the same person" if found["mated"] else "different people"
    point = found["operating_point"]
    sentence = (
        f"Taken for {said}: dissimilarity {found['dissimilarity']:.4f}, threshold {point['threshold']:.4f} "
        f"({point['name']}); log entries {found['request_index']} and {found['outcome_index']}."
    )
    tell(found, as_json=json, sentence=sentence)
    if not json:
        _warn(point)


@contextmanager
def _naming(pictures: dict[str, Path]) -> Iterator[None]:
    """Replaces the field's name at the beginning of an error about one of two pictures by the picture's name."""
    try:
        yield
    except RefusedError as error:
        field, colon, rest = error.message.partition(": ")
        if colon and field in pictures:
            error.message = f"{pictures[field].name}: {rest}"
        raise
