"""The live evaluation as a page that somebody who was not there can read and keep: it loads nothing from anywhere."""

import math
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from matcher.evaluation import live
from matcher.evaluation.comparison import DEALT
from matcher.evaluation.live import Comparison, Estimate
from matcher.evaluation.published import LogEvaluation

_WIDTH = 320
"""Pixels that the picture of the ratios has beside their names."""


def live_report_page(made: LogEvaluation, made_at: datetime) -> str:
    """The page."""
    environment = Environment(
        loader=PackageLoader("api"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["told"] = _told
    environment.filters["estimated"] = _estimated
    compared = [one for one in made.report.comparisons if one.ratio is not None]
    return environment.get_template("live_report.html").render(
        made=made,
        report=made.report,
        limits=live,
        dealt=DEALT,
        compared=compared,
        ruler=_Ruler(compared),
        made_at=made_at,
    )


class _Ruler:
    """Where a ratio stands in the picture: a logarithmic scale with 1 in the middle."""

    def __init__(self, compared: list[Comparison]) -> None:
        ends = [end for one in compared if one.ratio is not None for end in (one.ratio.low, one.ratio.high)]
        self._most = max((abs(math.log(end)) for end in ends if end > 0), default=1.0) or 1.0
        self.width = _WIDTH

    def at(self, ratio: float) -> float:
        """Pixels from the left."""
        return round(_WIDTH * (0.5 + 0.48 * math.log(ratio) / self._most), 1)


def _told(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _estimated(estimate: Estimate | None) -> str:
    """A rate with its interval, to three figures."""
    if estimate is None:
        return "–"
    value, low, high = (f"{number:.3g}" for number in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"
