"""The live evaluation as a self-contained page: it loads nothing from other hosts."""

import math
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from matcher.evaluation import live, live_groups
from matcher.evaluation.comparison import LEAST
from matcher.evaluation.estimate import Estimate
from matcher.evaluation.figures import Comparison
from matcher.evaluation.published import LogEvaluation

_WIDTH = 320
"""The width in pixels of the plot of the ratios, beside their names."""


def live_report_page(made: LogEvaluation, made_at: datetime) -> str:
    """The page."""
    environment = Environment(
        loader=PackageLoader("api"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["told"] = _told
    environment.filters["estimated"] = _estimated
    environment.filters["end"] = _end
    compared = [one for one in made.report.comparisons if one.ratio is not None]
    return environment.get_template("live_report.html").render(
        made=made,
        report=made.report,
        alpha=live.ALPHA,
        limits=live_groups,
        permutations=LEAST,
        compared=compared,
        ruler=_Ruler(compared),
        made_at=made_at,
    )


class _Ruler:
    """The position of a ratio in the plot: a logarithmic scale with 1 in the middle."""

    def __init__(self, compared: list[Comparison]) -> None:
        ratios = [one.ratio for one in compared if one.ratio is not None]
        ends = [end for one in ratios for end in (one.low, one.ratio, one.high) if end]
        self._most = max((abs(math.log(end)) for end in ends), default=1.0) or 1.0
        self.width = _WIDTH

    def at(self, ratio: float | None, *, open_at: float = 0.0) -> float:
        """Pixels from the left; an unbounded interval extends to that edge: 0 is the left one, 1 the right."""
        if not ratio:
            return round(_WIDTH * open_at, 1)
        return round(_WIDTH * (0.5 + 0.48 * math.log(ratio) / self._most), 1)


def _told(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _end(end: float | None) -> str:
    """The ends of an interval of ratios."""
    return "–" if end is None else f"{end:.3g}"


def _estimated(estimate: Estimate | None) -> str:
    """A rate with its interval, to three figures."""
    if estimate is None:
        return "–"
    value, low, high = (f"{number:.3g}" for number in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"
