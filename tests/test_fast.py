"""The fast set: what belongs to it, and that its tests run on a machine with nothing but Python."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import PARTS, mark_tests


def marks(request: pytest.FixtureRequest, test: Callable[..., None]) -> set[str]:
    """The names of the marks that a test gets for the fixtures it asks for."""
    item = pytest.Function.from_parent(request.node.parent, name="test_made_up", callobj=test)
    mark_tests([item])
    return {mark.name for mark in item.iter_markers()}


def test_a_test_that_needs_nothing_is_fast(request: pytest.FixtureRequest) -> None:
    def plain(tmp_path: Path) -> None: ...

    assert marks(request, plain) == {"fast"}


def test_a_slow_test_is_not_fast(request: pytest.FixtureRequest) -> None:
    @pytest.mark.slow
    def slow(tmp_path: Path) -> None: ...

    assert marks(request, slow) == {"slow"}


@pytest.mark.parametrize("fixture", [*PARTS, "browser"])
def test_a_test_that_is_given_a_part_of_the_machine_needs_it(request: pytest.FixtureRequest, fixture: str) -> None:
    @pytest.mark.usefixtures(fixture)
    def asking() -> None: ...

    assert marks(request, asking) == {"needs", "usefixtures"}


def test_a_fast_test_finds_no_program_and_no_public_data() -> None:
    assert shutil.which("sh") is None
    assert not Path(os.environ["CLEARGLASS_DATA"]).exists()
