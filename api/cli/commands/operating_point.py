"""`clearglass calibrate` and `clearglass thresholds`: thresholds with their evidence."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer
from rich.markup import escape

from api.cli.options import Data, Json
from api.cli.output import show, tell
from matcher.errors import ClearglassError

if TYPE_CHECKING:
    from matcher.recognition.operating_point import OperatingPoint

DECIDES = "fusion"
"""The recogniser by which the service decides."""


class RecogniserError(ClearglassError):
    """The threshold is for dissimilarities that the service does not decide by."""

    code: ClassVar[str] = "recogniser_undecided"


def calibrate(
    scores: Annotated[Path, typer.Argument(help="A measurement's scores: a CSV file with its JSON beside it.")],
    name: Annotated[str, typer.Option(help="The name of the threshold, such as lobby.")],
    fmr: Annotated[float, typer.Option(help="The false match rate that it may have, such as 1e-5.")],
    data: Data,
    recogniser: Annotated[str, typer.Option(help="The column of the scores.")] = DECIDES,
    scale: Annotated[
        bool, typer.Option("--scale", help="Also measure on these scores the scale by which a dissimilarity is read.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the site's point with that name.")] = False,
    json: Json = False,
) -> None:
    """Compute a threshold with its evidence from scores, for the service to use."""
    from matcher.evaluation.calibration import calibrated, calibrated_scale
    from matcher.evaluation.scores import read_scores
    from matcher.settings import MatcherSettings
    from matcher.site_points import keep_site_point

    if recogniser != DECIDES:
        raise RecogniserError(
            f"The service decides by the {DECIDES} of its embedders, so a threshold on {recogniser} alone would mean "
            "nothing to it.",
            remedy=f"Calibrate on the column {DECIDES}.",
        )
    found = read_scores(scores)
    point = calibrated(found, name=name, rate=fmr)
    settings = MatcherSettings(folder=data)
    model = settings.face_model()
    measured = calibrated_scale(found, weights=model.fusion.weights) if scale else None
    path = keep_site_point(data, point, scale=measured, replace=replace)
    listed = _listed(point.used_with(model.digest, model.fusion.weights))
    record = {**listed, "written": str(path), "scale": None if measured is None else measured.record()}
    tell(record, as_json=json, sentence=_told(listed, path))


def thresholds(data: Data, json: Json = False) -> None:
    """List the thresholds, with their evidence and caveats. The arrow marks the one that a service with this shell's
    settings would use. A running service may have other settings: its page Threshold shows which.
    """
    from matcher.chosen_point import chosen_point
    from matcher.recognition.operating_point import load_operating_points
    from matcher.settings import MatcherSettings

    settings = MatcherSettings(folder=data)
    model = settings.face_model()
    digest, weights = model.digest, model.fusion.weights
    used = chosen_point(settings, model_digest=digest, weights=weights)
    points = load_operating_points(data) | {used.name: used}
    listed = [
        _listed(point.used_with(digest, weights)) | {"chosen": point.name == used.name} for point in points.values()
    ]
    rows = listed if json else [_row(one) for one in listed]
    show(rows, as_json=json, title=_TITLE, empty="There are none.")


_TITLE = (
    "Thresholds. Chosen (→) by the settings of this shell; a running service may have been started with others, and "
    "its page Threshold shows which."
)


def _listed(point: "OperatingPoint") -> dict[str, Any]:
    from dataclasses import asdict

    caveat = point.caveat
    return {**point.record(), "site": point.site, "caveat": None if caveat is None else asdict(caveat)}


def _row(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "chosen": "→" if one["chosen"] else "",
        "name": one["name"],
        "threshold": f"{one['threshold']:.4f}",
        "evidence": "not measured" if one["fmr"] is None else "\n".join(_evidence(one)),
        "warning": one["caveat"]["message"] if one["caveat"] else "",
    }


def _evidence(one: dict[str, Any]) -> list[str]:
    return [
        f"FMR   {_rate(one, 'fmr')}, {one['non_mated']:,} non-mated pairs",
        f"FNMR  {_rate(one, 'fnmr')}, {one['mated']:,} mated pairs",
        f"of {one['dataset']}, {one['measured_on']}, model {one['model_digest'][:16]}",
    ]


def _rate(one: dict[str, Any], name: str) -> str:
    return f"{one[name]:.3g} [{one[f'{name}_low']:.3g}, {one[f'{name}_high']:.3g}]"


def _told(one: dict[str, Any], path: Path) -> str:
    lines = [
        f"{one['name']}: threshold {one['threshold']:.4f}",
        *(f"  {line}" for line in _evidence(one)),
        f"  95 % intervals: {_INTERVALS[one['interval']]}",
    ]
    if one["caveat"] is not None:
        lines.append(f"! {one['caveat']['message']} {one['caveat']['remedy']}")
    lines += [f"Written to {path}.", f"Use it: CLEARGLASS_OPERATING_POINT={one['name']} clearglass serve"]
    return escape("\n".join(lines))


_INTERVALS = {
    "subjects": "of resamples of the people, since pairs that share a person are not independent",
    "wilson": "Wilson's, as if all pairs were independent: the samples' names do not contain the person",
}
