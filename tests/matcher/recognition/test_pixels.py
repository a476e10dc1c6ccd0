import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.picture.pixel_array import Image
from matcher.recognition.pixels import planes, shrink, warp


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
    picture = np.random.default_rng(2).integers(1, 256, (2, 5, 3)).astype(np.uint8)[:, 1:4]
    apart = planes(picture, 5, 4)
    assert apart.shape == (3, 4, 5)
    assert np.array_equal(apart[:, :2, :3].transpose(1, 2, 0), picture)
    assert np.count_nonzero(apart) == picture.size


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
