"""`clearglass identify` and `clearglass verify`: searches from the terminal, logged as every search is."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.about import about
from api.cli.options import Data, Json, opened
from api.cli.output import counted, progress, show, tell, warn, warn_all
from api.peer import own_actor as actor
from matcher.small_faces import LEAST_EYE_DISTANCE

if TYPE_CHECKING:
    from matcher.candidate import Candidate, CandidateList, Verification
    from matcher.crowd import SearchedFace
    from matcher.matcher import Matcher
    from matcher.probe import Probe, Query
    from matcher.recognition.operating_point import OperatingPoint
    from matcher.recognition.scale import StandsFor

Picture = Annotated[Path, typer.Argument(help="A picture with a face.", exists=True, dir_okay=False)]
Face = Annotated[
    int | None, typer.Option(min=1, help="Which face, if the picture shows several: from 1, the largest first.")
]
Purpose = Annotated[str, typer.Option(help="What the search is for: only consents for it are searched.")]
Case = Annotated[str | None, typer.Option("--case", help="A case reference, kept in the log.")]


def _query(purpose: str, case: str | None) -> "Query":
    from matcher.gallery.consent import UPLOAD
    from matcher.probe import Query

    return Query(actor=actor(), role="administrator", camera=UPLOAD, purpose=purpose, case_reference=case)


def _record(found: "CandidateList | Verification") -> dict[str, Any]:
    return asdict(found) | {"operating_point": _point_record(found.operating_point)}


def _point_record(point: "OperatingPoint") -> dict[str, Any]:
    return point.record() | {"caveat": None if point.caveat is None else asdict(point.caveat)}


def _words(stands_for: "StandsFor | None") -> dict[str, str]:
    return {} if stands_for is None else {"stands_for": stands_for.words()}


def _warn(point: "OperatingPoint") -> None:
    if point.caveat is not None:
        warn(point.caveat.message, point.caveat.remedy)


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
            help="With --all-faces: pixels between the eyes that a face needs to be searched for.",
        ),
    ] = None,
    case: Case = None,
    json: Json = False,
) -> None:
    """Search the gallery for the person in a picture, or for everybody in it (1:N)."""
    if all_faces and face is not None:
        raise typer.BadParameter("give --face or --all-faces, one of the two")
    if least_eye_distance is not None and not all_faces:
        raise typer.BadParameter("--least-eye-distance goes with --all-faces")
    query = _query(purpose, case)
    with opened(data) as service:
        if all_faces:
            _identify_all(service.matcher, picture, query, least_eye_distance, json=json)
        else:
            _identify_one(service.matcher, picture, query, face, json=json)


def _identify_one(matcher: "Matcher", picture: Path, query: "Query", face: int | None, *, json: bool) -> None:
    from api.purposes import scope_warnings

    found = matcher.identifier.identify(matcher.probe(picture.read_bytes(), face=face), query)
    warnings = scope_warnings(found, query.purpose)
    if json:
        tell(_record(found) | {"warnings": [one.model_dump() for one in warnings]}, as_json=True, sentence="")
        return
    point = found.operating_point
    show(
        [{"rank": candidate.rank, **_columns(matcher, candidate, found)} for candidate in found.candidates],
        as_json=False,
        title=f"Candidates at {point.name} (threshold {point.threshold:.4f})",
        empty=f"No candidate at {point.name} (threshold {point.threshold:.4f}).",
    )
    scope = counted(found.searched, "reference")
    print(f"{scope} in scope; log entries {found.request_index} and {found.outcome_index}.")
    warn_all(warnings)
    _warn(point)


def _identify_all(matcher: "Matcher", picture: Path, query: "Query", least: float | None, *, json: bool) -> None:
    import time

    from api.purposes import scope_warnings
    from matcher.crowd import CrowdSearcher

    searcher, began = CrowdSearcher(matcher.sampler, matcher.identifier), time.perf_counter()
    with progress("Searching for the faces") as advance:
        crowd = searcher.find(picture.read_bytes(), least_eye_distance=least)
        searched = searcher.search(crowd, query, advance)
    seconds = time.perf_counter() - began
    # Each face was searched for among the same references, but for changes in between: the last one tells.
    answers = [one.answer for one in searched if one.answer is not None]
    warnings = scope_warnings(answers[-1], query.purpose) if answers else []
    if json:
        record = {
            "photograph": crowd.id,
            "seconds": round(seconds, 2),
            "operating_point": _point_record(matcher.identifier.operating_point),
            "faces": [_face_record(one) for one in searched],
            "warnings": [one.model_dump() for one in warnings],
        }
        tell(record, as_json=True, sentence="")
        return
    point = matcher.identifier.operating_point
    show(
        [row for one in searched for row in _first_candidate(matcher, one)],
        as_json=False,
        title=f"First candidates at {point.name} (threshold {point.threshold:.4f})",
        empty=f"No candidate at {point.name} (threshold {point.threshold:.4f}).",
    )
    print(f"{counted(len(searched), 'face')} found, {len(answers)} searched for in {seconds:.1f} s.")
    if answers:
        each = 1000 * seconds / len(answers)
        print(f"{each:.0f} ms a face; log entries {answers[0].request_index} to {answers[-1].outcome_index}.")
    reasons = Counter(reason for one in searched for reason in one.face.reasons)
    if reasons:
        print(f"Not searched for: {', '.join(f'{count} {reason}' for reason, count in reasons.most_common())}.")
    warn_all(warnings)
    _warn(point)


def _columns(matcher: "Matcher", candidate: "Candidate", found: "CandidateList") -> dict[str, Any]:
    return {
        "subject_id": candidate.subject_id,
        "name": matcher.gallery.subject(candidate.subject_id).name,
        "dissimilarity": round(candidate.dissimilarity, 4),
        **_words(matcher.stands_for(candidate.dissimilarity, request_index=found.request_index)),
    }


def _first_candidate(matcher: "Matcher", searched: "SearchedFace") -> list[dict[str, Any]]:
    """A face's row of the table; none for nobody."""
    answer, box = searched.answer, searched.face.box
    if answer is None or not answer.candidates:
        return []
    place = f"{box.x:.0f}, {box.y:.0f}, {box.width:.0f}×{box.height:.0f}"
    return [{"face": searched.face.index, "at": place, **_columns(matcher, answer.candidates[0], answer)}]


def _face_record(searched: "SearchedFace") -> dict[str, Any]:
    from api.face_listing import FaceOut

    search = None if searched.answer is None else asdict(searched.answer)
    if search is not None:
        del search["operating_point"]  # the same for all faces
    return FaceOut.of(searched.face).model_dump(mode="json") | {"search": search}


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
    with opened(data) as service:
        matcher = service.matcher
        probe = _probe(matcher, picture, face)
        other = str(subject) if against is None else _probe(matcher, against, against_face)
        found = matcher.identifier.verify(probe, other, _query(purpose, case))
    said = "the same person" if found.mated else "different people"
    point = found.operating_point
    sentence = (
        f"Taken for {said}: dissimilarity {found.dissimilarity:.4f}, threshold {point.threshold:.4f} ({point.name}); "
        f"log entries {found.request_index} and {found.outcome_index}."
    )
    tell(_record(found), as_json=json, sentence=sentence)
    if not json:
        _warn(point)


def _probe(matcher: "Matcher", picture: Path, face: int | None) -> "Probe":
    with about(picture.name):
        return matcher.probe(picture.read_bytes(), face=face)
