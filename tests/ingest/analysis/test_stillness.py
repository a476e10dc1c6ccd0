import numpy as np
import pytest

from ingest.analysis.stillness import LOOK_SECONDS, Stillness
from matcher.picture.pixel_array import Image


def picture(*, level: float = 90, noise: float = 0.0, seed: int = 0) -> Image:
    plane = np.full((360, 640, 3), level) + np.random.default_rng(seed).normal(0, noise, (360, 640, 3))
    return plane.clip(0, 255).astype(np.uint8)


def test_noise_is_no_movement() -> None:
    stillness = Stillness()
    assert not stillness.holds(picture(noise=4, seed=1), 0.0), "there is nothing to compare with"
    assert stillness.holds(picture(noise=4, seed=2), 0.2)


@pytest.mark.parametrize("place", [(0, 0), (175, 315), (348, 628)])
def test_a_face_of_the_smallest_size_that_comes_is_movement(place: tuple[int, int]) -> None:
    stillness = Stillness()
    stillness.holds(picture(), 0.0)
    changed = picture()
    changed[place[0] : place[0] + 12, place[1] : place[1] + 12] += 20
    assert not stillness.holds(changed, 0.2)
    assert stillness.holds(changed, 0.4), "it is compared with the last look"


def test_what_creeps_is_noticed() -> None:
    stillness = Stillness()
    held = [stillness.holds(picture(level=90 + step), 0.1 * step) for step in range(9)]
    assert held == [False, True, True, True, False, True, True, True, False]


def test_after_some_time_it_is_looked_at_in_any_case() -> None:
    stillness = Stillness()
    stillness.holds(picture(), 10.0)
    assert stillness.holds(picture(), 10.0 + LOOK_SECONDS - 0.1)
    assert not stillness.holds(picture(), 10.0 + LOOK_SECONDS)
    assert not stillness.holds(picture(), 5.0), "time does not go back"


def test_another_shape_is_another_view() -> None:
    stillness = Stillness()
    stillness.holds(picture(), 0.0)
    assert not stillness.holds(picture()[:240], 0.2)
