"""A large gallery is opened by several processes: it must be the gallery that one process opens, whatever happens."""

import logging
import os
import signal
from typing import Any

import pytest

from matcher.people import template_source, unsealing_helper
from matcher.people.unsealing import BLOCK
from matcher.people.unsealing_helper import HelperError, UnsealingHelper
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.store.sealing import SealError

pytestmark = pytest.mark.slow

PEOPLE = 5
DIMENSIONS = DEFAULT_FUSION.dimensions


@pytest.fixture
def large(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """People whose references lie in different blocks, some blocks being empty; from now on every gallery is large."""
    with world.open() as matcher:
        for person in range(PEOPLE):
            world.enrol(matcher, person, person)
            with matcher.database.writing() as connection:
                connection.exec_driver_sql(f"UPDATE sqlite_sequence SET seq = seq + {BLOCK * (1 + person % 2)}")
            world.clock.move(seconds=1)
    monkeypatch.setattr(template_source, "_HELPED", 0)
    monkeypatch.setattr(template_source, "cores", lambda: 3)
    return world


def opened(world: Any) -> tuple[Any, ...]:
    """What there is to find, by a gallery just opened."""
    with world.open() as matcher:
        scope = matcher.gallery.scope(world.query(), world.clock())
        found = [world.found(matcher, person) for person in range(PEOPLE)]
        assert all(len(subjects) == 1 for subjects in found)
        return scope.content_hash, scope.size, scope.selection.bits.tolist(), found, matcher.gallery.stale


@pytest.fixture
def by_one(large: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    with monkeypatch.context() as patch:
        patch.setattr(template_source, "_HELPED", 1_000_000)
        return opened(large)


def test_several_open_the_same_as_one(large: Any, by_one: tuple[Any, ...], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger=template_source.__name__):
        assert opened(large) == by_one
    assert not caplog.records, "the helpers did not do it"


def test_one_that_dies_is_done_without(
    large: Any, by_one: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, asked = UnsealingHelper.next, []

    def dying(helper: UnsealingHelper) -> Any:
        asked.append(helper)
        if len(asked) == 4:
            helper.close()
        return real(helper)

    monkeypatch.setattr(UnsealingHelper, "next", dying)
    assert opened(large) == by_one
    assert "has ended" in caplog.text
    assert len(asked) == 4


def test_where_none_can_be_started_it_is_done_without(
    large: Any, by_one: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: Any) -> Any:
        raise HelperError

    monkeypatch.setattr(UnsealingHelper, "start", refused)
    assert opened(large) == by_one
    assert "could be started" in caplog.text


def test_references_of_another_model_are_counted(large: Any) -> None:
    with large.open() as matcher, matcher.database.writing() as connection:
        connection.exec_driver_sql("UPDATE reference SET model_digest = 'another'")
    with large.open() as matcher:
        assert matcher.gallery.stale == 2 * PEOPLE


def test_a_template_that_was_changed_is_told(large: Any) -> None:
    with large.open() as matcher, matcher.database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE reference SET sealed_template = zeroblob(1053) WHERE number > {3 * BLOCK}")
    with pytest.raises(SealError, match="does not open"):
        large.open()


def test_a_helper_that_does_not_answer_has_failed(large: Any) -> None:
    with large.open() as matcher:
        helper = UnsealingHelper.start(large.folder / "elsewhere", matcher.master_key, "digest", DIMENSIONS, range(1))
        with pytest.raises(HelperError):
            helper.next()
        helper.close()


def test_a_helper_that_stands_still_has_failed(large: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsealing_helper, "_TIMEOUT_SECONDS", 0.2)
    with large.open() as matcher:
        digest = matcher.recogniser.model_digest
        helper = UnsealingHelper.start(large.folder, matcher.master_key, digest, DIMENSIONS, range(1))
        os.kill(helper.pid, signal.SIGSTOP)
        with pytest.raises(HelperError):
            helper.next()
        helper.close()
