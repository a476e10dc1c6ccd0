"""Searches that come while others are being answered share the next round, and nothing else."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, cast

import pytest
from sqlalchemy import update

from matcher.audit.verification import verify_log
from matcher.index.shard import Shard
from matcher.log.entry import EntryKind
from matcher.log.errors import ClockError
from matcher.matcher import Matcher
from matcher.search.candidate import CandidateList
from matcher.store import tables
from matcher.store.sealing import SealError


class Gathering:
    """A shard that delays its first search until enough callers wait for the next round, and counts probes by call."""

    def __init__(self, matcher: Matcher) -> None:
        self._rounds = matcher.identifier._rounds
        self._inner = matcher.identifier._shortlister._shard
        matcher.identifier._shortlister._shard = cast(Shard, self)
        self.probes: list[int] = []
        self.wait_for = 0
        self.second: Callable[[], None] = lambda: None

    def search(self, probes: Any, scope: Any, k: int, *, revision: int) -> Any:
        self.probes.append(len(probes))
        if len(self.probes) == 1:
            until = time.monotonic() + 30
            while self._rounds.waiting < self.wait_for and time.monotonic() < until:
                time.sleep(0.001)
        else:
            self.second()
        return self._inner.search(probes, scope, k, revision=revision)


@pytest.fixture
def gathering(matcher: Matcher) -> Gathering:
    return Gathering(matcher)


@contextmanager
def asked(
    matcher: Matcher, gathering: Gathering, world: Any, people: list[int]
) -> Iterator[list[Future[CandidateList]]]:
    """The answers of a round for these people, all of whom came while a stranger was searched for."""
    probes = [world.probe(matcher, person) for person in (99, *people)]
    gathering.wait_for = len(people)
    with ThreadPoolExecutor(len(probes)) as pool:
        pool.submit(matcher.identifier.identify, probes[0], world.query())
        while not gathering.probes:
            time.sleep(0.001)
        yield [pool.submit(matcher.identifier.identify, probe, world.query()) for probe in probes[1:]]


def last(matcher: Matcher, count: int) -> list[Any]:
    return matcher.log.entries(0, count, newest_first=True)[::-1]


def kinds(matcher: Matcher, count: int) -> list[EntryKind]:
    return [entry.kind for entry in last(matcher, count)]


def test_callers_that_come_meanwhile_share_a_round_and_get_their_own_answers(
    matcher: Matcher, world: Any, gathering: Gathering
) -> None:
    people = list(range(1, 8))
    ids = [world.enrol(matcher, person).subject.id for person in people[:-1]]
    before = matcher.log.transactions
    with asked(matcher, gathering, world, people) as answers:
        found = [answer.result() for answer in answers]
    assert gathering.probes == [1, 7]
    assert [[one.subject_id for one in answer.candidates] for answer in found] == [*([one] for one in ids), []]
    # Of the first search two, of the round two.
    assert matcher.log.transactions - before == 4
    assert kinds(matcher, 14) == [EntryKind.REQUEST] * 7 + [EntryKind.OUTCOME] * 7
    entries = {entry.index: entry for entry in last(matcher, 14)}
    for answer in found:
        outcome = entries[answer.outcome_index].body
        assert outcome["request"] == answer.request_index
        assert [one["subject"] for one in outcome["candidates"]] == [one.subject_id for one in answer.candidates]
    assert verify_log(matcher.database, matcher.log.verifier_key).verified


def test_one_whose_evidence_cannot_be_sealed_fails_alone(matcher: Matcher, world: Any, gathering: Gathering) -> None:
    broken, whole = (world.enrol(matcher, person).subject.id for person in (1, 2))
    with matcher.database.writing() as connection:
        where = tables.subject_key.c.subject_id == broken
        connection.execute(update(tables.subject_key).where(where).values(wrapped=bytes(64)))
    with asked(matcher, gathering, world, [1, 2]) as (failing, answer):
        with pytest.raises(SealError):
            failing.result()
        assert [one.subject_id for one in answer.result().candidates] == [whole]
    assert sorted(kinds(matcher, 4)) == sorted([EntryKind.REQUEST] * 2 + [EntryKind.FAILURE, EntryKind.OUTCOME])
    failure = next(entry for entry in last(matcher, 2) if entry.kind is EntryKind.FAILURE)
    assert failure.body["code"] == SealError.code
    assert verify_log(matcher.database, matcher.log.verifier_key).verified


def test_an_index_that_breaks_fails_all_and_each_is_logged(matcher: Matcher, world: Any, gathering: Gathering) -> None:
    world.enrol(matcher, 1)

    def fail() -> None:
        raise RuntimeError("the index broke")

    gathering.second = fail
    with asked(matcher, gathering, world, [1, 2, 3]) as answers:
        errors = [answer.exception() for answer in answers]
    # The caller that led the round gets the error itself; the others get an error that says to try again.
    assert sorted(type(error).__name__ for error in errors) == ["RuntimeError", "StoreBusyError", "StoreBusyError"]
    assert kinds(matcher, 6) == [EntryKind.REQUEST] * 3 + [EntryKind.FAILURE] * 3
    assert {entry.body["request"] for entry in last(matcher, 3)} == {entry.index for entry in last(matcher, 6)[:3]}
    gathering.second = lambda: None
    assert len(world.found(matcher, 1)) == 1


def test_nobody_is_answered_if_the_outcomes_cannot_be_written(
    matcher: Matcher, world: Any, gathering: Gathering
) -> None:
    world.enrol(matcher, 1)
    gathering.second = lambda: world.clock.move(hours=-1)
    with asked(matcher, gathering, world, [1, 2]) as answers:
        errors = [answer.exception() for answer in answers]
    assert [type(error) for error in errors] == [ClockError, ClockError]
    assert errors[0] is not errors[1]
    assert kinds(matcher, 2) == [EntryKind.REQUEST] * 2


def test_nobody_is_searched_for_if_the_requests_cannot_be_written(
    matcher: Matcher, world: Any, gathering: Gathering
) -> None:
    world.enrol(matcher, 1)
    with asked(matcher, gathering, world, [1, 2]) as answers:
        world.clock.move(hours=-1)
        errors = [answer.exception() for answer in answers]
    assert [type(error) for error in errors] == [ClockError, ClockError]
    assert gathering.probes == [1]


def test_each_search_looks_only_in_its_own_scope(matcher: Matcher, world: Any, gathering: Gathering) -> None:
    here = world.enrol(matcher, 1, purpose="demo").subject.id
    there = world.enrol(matcher, 1, purpose="other").subject.id
    with asked(matcher, gathering, world, [1, 1]) as answers:
        other = threading.Thread(target=lambda: results.append(world.found(matcher, 1, purpose="other")))
        results: list[list[str]] = []
        gathering.wait_for = 3
        other.start()
        found = [answer.result() for answer in answers]
    other.join()
    assert [[one.subject_id for one in answer.candidates] for answer in found] == [[here], [here]]
    assert results == [[there]]
    assert sorted(gathering.probes) == [1, 1, 2]
