import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.rehearsal.film.choreography import EYE_DISTANCES, Stage, plan_walks

stages = st.builds(
    Stage,
    width=st.integers(320, 3840),
    height=st.integers(180, 2160),
    fps=st.integers(5, 60),
    frames=st.integers(0, 3000),
)


@pytest.mark.slow
@given(
    portraits=st.lists(st.integers(1, 4), min_size=1, max_size=12),
    stage=stages,
    at_once=st.integers(1, 6),
    seed=st.integers(0, 2**32),
)
def test_walks_keep_the_rules(portraits: list[int], stage: Stage, at_once: int, seed: int) -> None:
    walks = plan_walks(portraits, stage, at_once=at_once, seed=seed)
    assert walks == plan_walks(portraits, stage, at_once=at_once, seed=seed)
    assert [walk.first for walk in walks] == sorted(walk.first for walk in walks)
    if walks:
        assert walks[0].actor == 0
    counts = [sum(walk.actor == actor for walk in walks) for actor in range(len(portraits))]
    for walk in walks:
        assert 0 < walk.first < walk.last < stage.frames
        assert 0 <= walk.portrait < portraits[walk.actor]
        least, most = EYE_DISTANCES[walk.distance]
        for frame in (walk.first, walk.last):
            pose = walk.pose(frame)
            assert not 0 <= pose.x <= stage.width
            assert least * stage.height / 1080 - 1e-6 <= pose.eye_distance <= most * stage.height / 1080 + 1e-6
            assert abs(pose.yaw) <= 50
        others = [
            other for other in walks if other is not walk and other.first <= walk.last and walk.first <= other.last
        ]
        assert all(other.actor != walk.actor and other.lane != walk.lane for other in others)
        assert len(others) < at_once or not any(
            sum(other.first <= frame <= other.last for other in others) >= at_once for frame in (walk.first, walk.last)
        )
    assert max(counts) - min(counts) <= 2 * at_once


@given(seed=st.integers(0, 2**32))
def test_every_size_has_its_turn(seed: int) -> None:
    stage = Stage(width=1920, height=1080, fps=25, frames=1500)
    walks = plan_walks([1] * 8, stage, at_once=3, seed=seed)
    assert len({walk.distance for walk in walks[:3]}) == 3
    assert {walk.actor for walk in walks} == set(range(8))
