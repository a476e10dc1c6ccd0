import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from matcher.picture.pixel_array import Image
from matcher.recognition.pixels import cut, planes, shrink, suppress, warp


@given(
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    factor=st.integers(1, 7),
    beside=st.integers(0, 9),
    seed=st.integers(0, 99),
)
def test_shrinking_by_a_whole_number_averages_blocks(
    width: int, height: int, factor: int, beside: int, seed: int
) -> None:
    whole = np.random.default_rng(seed).integers(0, 256, (height * factor, width * factor + beside, 3)).astype(np.uint8)
    part = whole[:, beside:]  # as alignment cuts it: rows do not follow each other in memory
    blocks = part.reshape(height, factor, width, factor, 3).mean(axis=(1, 3))
    assert np.abs(shrink(part, width, height) - blocks).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("size", [(640, 360), (213, 120), (1, 1)])
def test_thirds_are_opencvs_own_averages(size: tuple[int, int]) -> None:
    import cv2

    picture = np.random.default_rng(1).integers(0, 256, (3 * size[1], 3 * size[0], 3)).astype(np.uint8)
    assert np.array_equal(shrink(picture, *size), cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def test_planes_are_the_colours_apart_and_black_below_and_beside() -> None:
    pictures = np.random.default_rng(2).integers(1, 256, (2, 2, 5, 3)).astype(np.uint8)[:, :, 1:4]
    apart = planes(list(pictures), 4)
    assert apart.shape == (2, 3, 4, 4)
    assert np.array_equal(apart[:, :, :2, :3].transpose(0, 2, 3, 1), pictures)
    assert np.count_nonzero(apart) == pictures.size


BOXES = st.lists(st.tuples(*[st.integers(-60, 40)] * 2, *[st.integers(1, 60)] * 2), max_size=8)


@given(pictures=st.lists(BOXES, max_size=4), seed=st.integers(0, 99))
@example(pictures=[[(0, 0, 60, 60)], [(-60, -60, 60, 60)]], seed=0)
def test_boxes_of_several_pictures_are_suppressed_as_each_pictures_own(
    pictures: list[list[tuple[int, int, int, int]]], seed: int
) -> None:
    boxes = np.array([box for picture in pictures for box in picture], np.int32).reshape(-1, 4)
    owners = np.repeat(np.arange(len(pictures)), [len(picture) for picture in pictures])
    scores = np.random.default_rng(seed).random(len(boxes)).astype(np.float32)
    kept = suppress(boxes, scores, 0.3, pictures=owners)
    assert (np.diff(scores[kept]) <= 0).all()
    for number in range(len(pictures)):
        (own,) = np.nonzero(owners == number)
        assert kept[owners[kept] == number].tolist() == own[suppress(boxes[own], scores[own], 0.3)].tolist()


@pytest.fixture
def picture(astronaut: Image) -> Image:
    return np.ascontiguousarray(astronaut[:300])


@pytest.mark.parametrize("quarters", range(4))
def test_a_turned_view_is_scaled_down_as_its_copy_is(picture: Image, quarters: int) -> None:
    view = np.rot90(picture, quarters)
    height, width = view.shape[:2]
    for size in ((width // 3, height // 3), (width * 2 // 5, height * 2 // 5)):
        copied = shrink(np.ascontiguousarray(view), *size)
        assert np.abs(shrink(view, *size).astype(int) - copied.astype(int)).max() <= 1


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("part", [np.s_[:], np.s_[20:190, 30:170]])
def test_a_turned_view_is_warped_as_its_copy_is(picture: Image, quarters: int, part: slice) -> None:
    view = np.rot90(picture, quarters)[part]
    matrix = np.array([[0.4, 0.1, -20.0], [-0.1, 0.4, -7.5]])
    copied = warp(np.ascontiguousarray(view), matrix, 96)
    assert copied.any()
    # OpenCV rounds a pixel's place to a 32nd, which comes out otherwise from the other side.
    assert np.abs(warp(view, matrix, 96).astype(int) - copied.astype(int)).mean() < 1


@pytest.mark.parametrize("step", [1, 2, 5])
def test_a_cut_is_a_warp_of_the_picture_averaged_down(picture: Image, step: int) -> None:
    # A whole number of blocks begins where the part that is looked at does: at the picture's corner.
    matrix = np.array([[0.9 / step, 0.05 / step, 7.0], [-0.05 / step, 0.9 / step, 3.5]])
    smaller = shrink(picture, picture.shape[1] // step, picture.shape[0] // step)
    turn = matrix[:, :2]
    placed = np.column_stack([turn * step, turn @ np.full(2, (step - 1) / 2) + matrix[:, 2]])
    expected = warp(smaller, placed, 40)
    assert expected.any()
    assert np.abs(cut(picture, matrix, 40).astype(int) - expected.astype(int)).mean() < 1


def test_what_is_scaled_to_nothing_is_black(picture: Image) -> None:
    assert not cut(picture, np.array([[0.0, 0.0, 20.0], [0.0, 0.0, 20.0]]), 40).any()
