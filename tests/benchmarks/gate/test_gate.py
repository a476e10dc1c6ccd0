"""What is done to pictures, what is counted of what passed, and a quick run on real ones."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from benchmarks.datasets.lfw import Lfw
from benchmarks.gate.gate import QUICK_PEOPLE, GateBenchmark, Judge, strangers
from benchmarks.gate.gate_kinds import KINDS, UPRIGHT
from benchmarks.gate.gate_probes import REFUSED, Probe
from benchmarks.gate.gate_report import OPERATING_POINTS, Passed, Rates, targets
from benchmarks.harness.benchmark import Context, Result
from benchmarks.harness.errors import DataMissingError
from benchmarks.running.runner import TerminalProgress
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Box, Face
from matcher.recognition.face_model import FaceModel
from matcher.recognition.template import Template

FACE = Face(
    box=Box(x=80, y=60, width=80, height=100),
    landmarks=np.array([[100, 100], [140, 100], [120, 120], [105, 140], [135, 140]], np.float32),
    score=0.9,
)


@pytest.fixture(scope="module")
def picture() -> Image:
    return np.random.default_rng(1).integers(60, 200, (200, 240, 3), dtype=np.uint8)


def done(label: str, picture: Image) -> Image:
    return KINDS[label].disturb(picture, FACE)


def test_turns_by_quarters_are_exact_and_the_others_keep_the_middle(picture: Image) -> None:
    quarter, half, rest = (done(f"turned {degrees}°", picture) for degrees in (90, 180, 270))
    assert np.array_equal(quarter[0, -1], picture[0, 0]), "clockwise"
    assert np.array_equal(half, picture[::-1, ::-1])
    assert np.array_equal(done("turned 90°", rest), picture)
    flat = np.full_like(picture, 90)
    flat[:, 120:] = 200
    leaning = done("turned 30°", flat)
    assert leaning.shape == picture.shape and set(np.unique(leaning)) <= set(range(90, 201))
    assert leaning[40, 130].max() < 100 and leaning[160, 110].min() > 190, "its line leans to the right"


@pytest.mark.parametrize(
    ("side", "shape"), [("left", (200, 136)), ("right", (200, 136)), ("top", (120, 240)), ("bottom", (130, 240))]
)
def test_a_cut_ends_the_picture_inside_the_face(picture: Image, side: str, shape: tuple[int, int]) -> None:
    label = f"cut {'20%' if side in ('top',) else '30%'} at the {side}"
    cut = done(label, picture)
    assert cut.shape[:2] == shape
    assert any(
        np.array_equal(cut, part) for part in (picture[-shape[0] :, -shape[1] :], picture[: shape[0], : shape[1]])
    )


def test_squeezed_darkened_smeared(picture: Image) -> None:
    assert done("squeezed to 0.5 × 1", picture).shape == (200, 120, 3)
    assert done("squeezed to 1 × 0.75", picture).shape == (150, 240, 3)
    assert done("darkened to 0.25", picture).mean() == pytest.approx(picture.mean() / 4, abs=1)
    across, down = (done(f"smeared 0.3 eye distances {way}", picture) for way in ("across", "down"))
    assert (
        np.abs(np.diff(across.astype(float), axis=1)).mean()
        < 0.5 * np.abs(np.diff(across.astype(float), axis=0)).mean()
    )
    assert np.abs(np.diff(down.astype(float), axis=0)).mean() < 0.5 * np.abs(np.diff(down.astype(float), axis=1)).mean()
    assert across.mean() == pytest.approx(picture.mean(), abs=1)


@pytest.mark.parametrize(
    ("what", "covered", "free"),
    [
        ("dark glasses", [(100, 100), (140, 100)], [(120, 120), (105, 140)]),
        ("mask", [(120, 120), (105, 140), (135, 140)], [(100, 100), (140, 100)]),
        ("hand", [(120, 140), (160, 140)], [(100, 100), (120, 112)]),
    ],
)
def test_covers_hide_what_they_are_worn_on(
    picture: Image, what: str, covered: list[tuple[int, int]], free: list[tuple[int, int]]
) -> None:
    worse = done(f"covered {what}", picture)
    assert all(np.ptp(worse[y - 1 : y + 2, x - 1 : x + 2], axis=(0, 1)).max() == 0 for x, y in covered)
    assert all(np.array_equal(worse[y, x], picture[y, x]) for x, y in free)
    assert np.array_equal(worse[:50], picture[:50])


def test_every_way_is_measured_and_none_changes_the_picture_it_is_given(picture: Image) -> None:
    assert {kind.name for kind in KINDS.values()} == {
        "upright", "turned", "cut", "squeezed", "smeared", "darkened", "covered", "compressed"
    }  # fmt: skip
    assert sum(kind.name == "turned" for kind in KINDS.values()) == 11
    before = picture.copy()
    for kind in KINDS.values():
        kind.disturb(picture, FACE)
    assert np.array_equal(picture, before)
    assert len({kind.quality for kind in KINDS.values()}) == 5


def probe(person: int) -> Probe:
    """Equal numbers are the same face; others are 1 apart, and dlib's vectors are constant."""
    direction = np.zeros(128, np.float32)
    direction[person] = 1
    return Probe(
        template=Template(
            model_digest=FaceModel().digest, vectors={"sface": direction, "dlib": np.zeros(128, np.float32)}
        )
    )


def test_what_passed_is_compared_with_whatever_else_passed() -> None:
    names = ("ann", "bob", "cyd", "dan", "eve")
    upright = [probe(number) for number in range(5)]
    judge = Judge(names=names, upright=upright, references={"ann": probe(0), "cyd": probe(1), "dan": REFUSED})
    dark = Probe(reasons=("too_dark", "blurred"))
    passed = judge.passed(KINDS["turned 90°"], [probe(0), probe(0), probe(2), probe(3), dark])
    assert (passed.name, passed.degree, passed.pictures, passed.passed) == ("turned", "90°", 5, 4)
    assert (passed.upright, passed.of_upright) == (5, 4)
    assert passed.refused == {"too_dark": 1, "blurred": 1}
    for rates in passed.rates.values():
        assert (rates.false_matches, rates.non_mated, rates.misses, rates.mated) == (1, 6, 1, 2)
        assert (rates.fmr, rates.fnmr) == (pytest.approx(1 / 6), pytest.approx(1 / 2))
        assert rates.fmr_interval[0] < 1 / 6 < rates.fmr_interval[1]
    nobody = judge.passed(UPRIGHT, [REFUSED] * 5)
    assert nobody.passed == 0 and nobody.refused == {"no_face": 5}
    assert {(rates.fmr, rates.fnmr, rates.fmr_interval) for rates in nobody.rates.values()} == {
        (None, None, (0.0, 1.0))
    }


def counted(name: str, degree: str, low: Mapping[str, float], found: int = 100) -> Passed:
    return Passed(
        name=name,
        degree=degree,
        pictures=120,
        passed=found,
        upright=100,
        of_upright=found,
        refused={},
        rates={
            point: Rates(
                false_matches=1,
                non_mated=10,
                fmr=0.1,
                fmr_interval=(low.get(point, 0.0), 1.0),
                misses=0,
                mated=1,
                fnmr=0.0,
                fnmr_interval=(0.0, 1.0),
            )
            for point in OPERATING_POINTS
        },
    )


def test_the_targets_are_of_the_worst_degree_and_the_worst_quarter() -> None:
    quarters = [counted("turned", f"{degrees}°", {}, 95) for degrees in (90, 180, 270)]
    turned, cut, found = targets([*quarters, counted("cut", "much", {"fmr-1e-4": 2.1e-4, "fmr-1e-3": 1.9e-3})])
    assert turned.met and found.met
    assert not cut.met and "2.10 times" in cut.measured and "much at fmr-1e-4" in cut.measured
    assert not targets([*quarters[:2], counted("turned", "270°", {}, 94)])[-1].met


def test_nobody_of_view_1_takes_part(data_folder: Path) -> None:
    lfw = Lfw(data_folder)
    people = strangers(lfw, 400)
    view1 = {path.parent.name for pair in (*lfw.view1_train(), *lfw.view1_test()) for path in (pair.left, pair.right)}
    assert len(people) == 400 and not set(people) & view1
    assert sum(len(pictures) > 1 for pictures in people.values()) == 317, "all who have a second picture"


def test_without_the_data_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError):
        GateBenchmark().run(Context(quick=True, data=tmp_path, progress=TerminalProgress()))


@pytest.fixture(scope="module")
def quick(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    out = tmp_path_factory.mktemp("gate")
    result = GateBenchmark().run(Context(quick=True, data=data_folder, progress=TerminalProgress(), out=out))
    assert list(out.iterdir()) == [], "nothing of anybody is kept"
    return result


def test_a_quick_run_measures_every_kind(quick: Result) -> None:
    kinds = {f"{one['name']} {one['degree']}".strip(): one for one in quick.figures["kinds"]}
    assert list(kinds) == list(KINDS)
    assert quick.figures["people"] == QUICK_PEOPLE and not quick.targets
    assert kinds["upright"]["passed"] >= QUICK_PEOPLE - 1
    assert kinds["turned 180°"]["of_upright"] == kinds["upright"]["passed"]
    assert kinds["cut 50% at the left"]["passed"] <= 1
    json.dumps(quick.figures, allow_nan=False)
    assert [table.title for table in quick.tables] == list(dict.fromkeys(kind.name for kind in KINDS.values()))
    assert all(len(row) == len(table.columns) for table in quick.tables for row in table.rows)


def test_plots_are_drawn_of_what_was_counted(quick: Result) -> None:
    from matplotlib.figure import Figure

    for plot in quick.plots:
        figure = Figure(figsize=plot.size)
        plot.draw(figure)
        assert len(figure.axes[0].get_yticks()) == len(KINDS)
