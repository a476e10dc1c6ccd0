import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.accuracy import plots
from benchmarks.accuracy.wording import NOTHING_CLAIMED


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def columns(mated: int = 200, other: int = 200) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    random = np.random.default_rng(7)
    sizes = {"fusion": mated, "sface": other}
    return {name: (random.normal(0.5, 0.1, n), random.normal(0.8, 0.1, 400)) for name, n in sizes.items()}


def legend(axes: Axes) -> str:
    found = axes.get_legend()
    assert found is not None
    return "\n".join([found.get_title().get_text(), *(text.get_text() for text in found.get_texts())])


def test_the_legend_says_of_how_many_pairs() -> None:
    figure = Figure()
    plots.det(figure, columns(), 1e-2)
    assert legend(figure.axes[0]).splitlines()[:3] == ["200 mated, 400 non-mated pairs", "fusion", "sface"]
    figure = Figure()
    plots.roc(figure, columns(other=100), 1e-2)
    assert "sface (100 mated, 400 non-mated pairs)" in legend(figure.axes[0])


def test_false_match_rates_are_told_in_words() -> None:
    figure = Figure()
    plots.det(figure, columns(), 1e-3)
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == [
        "1 in 1,000",
        "1 in 100",
        "1 in 10",
        "all",
    ]


def test_no_share_of_pairs_above_all_is_offered() -> None:
    figure = Figure()
    plots.roc(figure, columns(), 1e-2)
    bottom, top = figure.axes[0].get_ylim()
    assert 1 < top < 1 + 0.05 * (1 - bottom)


def test_pairs_without_a_face_are_counted_in_the_legend_only() -> None:
    pairs = columns()
    pairs["fusion"][0][:3] = np.inf
    pairs["sface"] = (np.full(5, np.inf), np.full(5, np.inf))
    figure = Figure()
    plots.distributions(figure, pairs)
    assert "mated, n 200, 3 of them without a face" in legend(figure.axes[0])
    assert texts(figure.axes[1]) == ["no face was found"]


def test_of_a_group_that_nothing_is_claimed_of_no_rate_is_drawn() -> None:
    figure = Figure()
    groups = [
        plots.Bar(name="many", rate=0.02, low=0.01, high=0.04),
        plots.Bar(name="few", rate=0.5, low=0.1, high=0.9, claimed=False),
    ]
    plots.bars(figure, groups, "FNMR", 0.03)
    (axes,) = figure.axes
    assert texts(axes) == [NOTHING_CLAIMED]
    assert len(axes.containers) == 1
    assert axes.get_xlim()[1] < 0.1
    bottom, top = axes.get_ylim()
    assert bottom > top  # the first on top


def test_a_matrix_has_a_number_only_where_one_is_claimed() -> None:
    figure = Figure()
    plots.matrix(figure, ("a", "b"), np.array([[1e-4, np.nan], [np.nan, 2e-4]]), "FMR")
    assert texts(figure.axes[0]) == ["1.0e-04", "2.0e-04"]


def test_candidates_are_counted_from_one() -> None:
    figure = Figure()
    plots.cmc(figure, {"fusion": np.array([0.9, 0.95, 0.97]), "dlib": np.array([0.7, 0.8, 0.85])})
    fusion, dlib = figure.axes[0].lines
    assert fusion.get_xydata() == pytest.approx(np.array([[1, 0.9], [2, 0.95], [3, 0.97]]))
    assert dlib.get_xydata() == pytest.approx(np.array([[1, 0.7], [2, 0.8], [3, 0.85]]))
    assert legend(figure.axes[0]).split() == ["fusion", "dlib"]


@pytest.mark.parametrize("xs", [(12.0, 24.0, 48.0), ("none", "some", "much")])
def test_degradation_curves_share_their_axes_and_show_every_interval(xs: tuple[float, ...] | tuple[str, ...]) -> None:
    figure = Figure()
    plots.fnmr_curve(figure, xs, [0.3, 0.1, 0.02], [0.2, 0.05, 0.01], [0.4, 0.2, 0.04], "size", label="fusion")
    plots.fnmr_curve(figure, xs, [0.6, 0.2, 0.05], [0.5, 0.1, 0.02], [0.8, 0.3, 0.09], "size", label="dlib")
    (axes,) = figure.axes
    drawn = [segment for bars in axes.collections for segment in bars.get_segments()]  # type: ignore[attr-defined]
    heights = sorted(tuple(segment[:, 1].round(6)) for segment in drawn)
    assert heights == [(0.01, 0.04), (0.02, 0.09), (0.05, 0.2), (0.1, 0.3), (0.2, 0.4), (0.5, 0.8)]
    assert axes.get_ylim()[1] > 0.8
    assert legend(axes).split() == ["fusion", "dlib"]
    if isinstance(xs[0], str):
        assert [tick.get_text() for tick in axes.get_xticklabels()] == list(xs)
