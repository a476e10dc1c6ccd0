"""`clearglass identify` and `clearglass verify`: searches from the terminal, logged as every search is."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.options import Data, Json, actor, opened
from api.cli.output import show, tell
from matcher.probe import Query

if TYPE_CHECKING:
    from matcher.candidate import CandidateList, Verification
    from matcher.recognition.operating_point import OperatingPoint
    from matcher.recognition.scale import StandsFor

Picture = Annotated[Path, typer.Argument(help="A picture with one face.", exists=True, dir_okay=False)]
Purpose = Annotated[str, typer.Option(help="What the search is for: only consents for it are searched.")]
Case = Annotated[str | None, typer.Option("--case", help="A case reference, kept in the log.")]


def _query(purpose: str, case: str | None) -> Query:
    from matcher.gallery.consent import UPLOAD

    return Query(actor=actor(), role="administrator", camera=UPLOAD, purpose=purpose, case_reference=case)


def _record(found: "CandidateList | Verification") -> dict[str, Any]:
    point = found.operating_point
    caveat = None if point.caveat is None else asdict(point.caveat)
    return asdict(found) | {"operating_point": point.record() | {"caveat": caveat}}


def _words(stands_for: "StandsFor | None") -> dict[str, str]:
    return {} if stands_for is None else {"stands_for": stands_for.words()}


def _warn(point: "OperatingPoint") -> None:
    if point.caveat is not None:
        print(f"! {point.caveat.message} {point.caveat.remedy}")


def identify(picture: Picture, purpose: Purpose, data: Data, case: Case = None, json: Json = False) -> None:
    """Search the gallery for the person in a picture (1:N)."""
    with opened(data) as service:
        matcher = service.matcher
        found = matcher.identifier.identify(matcher.probe(picture.read_bytes()), _query(purpose, case))
        point = found.operating_point
        rows = [
            {
                "rank": candidate.rank,
                "subject_id": candidate.subject_id,
                "name": matcher.gallery.subject(candidate.subject_id).name,
                "dissimilarity": round(candidate.dissimilarity, 4),
                **_words(matcher.stands_for(candidate.dissimilarity, request_index=found.request_index)),
            }
            for candidate in found.candidates
        ]
    if json:
        tell(_record(found), as_json=True, sentence="")
        return
    show(
        rows,
        as_json=False,
        title=f"Candidates at {point.name} (threshold {point.threshold:.4f})",
        empty=f"No candidate at {point.name} (threshold {point.threshold:.4f}).",
    )
    print(f"{found.searched} references in scope; log entries {found.request_index} and {found.outcome_index}.")
    _warn(point)


def verify(
    picture: Picture,
    purpose: Purpose,
    data: Data,
    against: Annotated[Path | None, typer.Argument(help="A second picture.", exists=True, dir_okay=False)] = None,
    subject: Annotated[str | None, typer.Option(help="Or the id of an enrolled subject.")] = None,
    case: Case = None,
    json: Json = False,
) -> None:
    """Compare a picture with a second one or with an enrolled subject (1:1)."""
    if (against is None) == (subject is None):
        raise typer.BadParameter("give a second picture or --subject, one of the two")
    with opened(data) as service:
        matcher = service.matcher
        probe = matcher.probe(picture.read_bytes())
        other = matcher.probe(against.read_bytes()) if against else str(subject)
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
