"""A matcher that decides by a registered embedder: one entry, one setting, no code."""

from pathlib import Path
from typing import Any

import pytest

from matcher.enrolment.enrolment import Picture
from matcher.matcher import Matcher
from matcher.recognition.operating_point import OperatingPointError
from matcher.settings import MatcherSettings
from tests.matcher.recognition.coarse_model import write_list


def test_people_are_found_by_a_fusion_of_ones_own(world: Any, tmp_path: Path, astronaut_jpeg: bytes) -> None:
    with Matcher.open(MatcherSettings(folder=world.folder), clock=world.clock) as matcher:
        before = enrolled(world, matcher, astronaut_jpeg, name="By the default fusion")
    settings = MatcherSettings(
        folder=world.folder, embedders=write_list(tmp_path), fusion="coarse=1,dlib=0.5", threshold=0.2
    )
    for start in ("first", "again"):
        with Matcher.open(settings, clock=world.clock) as matcher:
            if start == "first":
                assert (matcher.gallery.size, matcher.gallery.stale) == (0, 1), "templates of another model"
                subject = enrolled(world, matcher, astronaut_jpeg, name="By the other", acknowledged=[before])
            [candidate] = matcher.identifier.identify(matcher.probe(astronaut_jpeg), world.query()).candidates
            assert candidate.subject_id == subject
            assert set(candidate.scores) == {"coarse", "dlib"}
            fused = candidate.scores["coarse"] + 0.5 * candidate.scores["dlib"]
            assert candidate.dissimilarity == pytest.approx(fused)


def test_a_threshold_of_another_model_is_not_taken(world: Any, tmp_path: Path) -> None:
    settings = MatcherSettings(folder=world.folder, embedders=write_list(tmp_path), fusion="coarse=1")
    with pytest.raises(OperatingPointError, match="another model") as caught:
        Matcher.open(settings)
    assert "calibrate" in caught.value.remedy


def enrolled(world: Any, matcher: Matcher, picture: bytes, *, name: str, acknowledged: list[str] | None = None) -> str:
    enrolment = matcher.enroller.enrol(
        name=name,
        pictures=[Picture(label="a.jpg", data=picture)],
        consent=world.consent(),
        actor="cli:test",
        acknowledged=acknowledged or [],
    )
    return str(enrolment.subject.id)
