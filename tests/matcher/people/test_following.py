"""What follows the gallery: live, from the database, from any revision on, the state is the same."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, rule, run_state_machine_as_test
from prometheus_client import CollectorRegistry
from sqlalchemy import select

from matcher.columns.selection import Selection
from matcher.consent.rule import ENROLMENT, ENROLMENT_CHECK
from matcher.consent.scope import ConsentBook, Scope
from matcher.index.growing_index import GrowingIndex
from matcher.index.local_shard import LocalShard
from matcher.index.shard import ShardBehindError
from matcher.log.entry import EntryKind
from matcher.matcher import Matcher
from matcher.people.change import Change
from matcher.people.consent_index import ConsentIndex
from matcher.people.gallery import Gallery
from matcher.people.loading import load
from matcher.people.stored_changes import StoredChanges
from matcher.probe.probe import Query
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.search.replay import Agreement
from matcher.store import tables
from matcher.store.database import Database

UTC_ZONE = ZoneInfo("UTC")

CAMERAS = ["lobby", "garage"]
PURPOSES = ["demo", "staff"]
ASKED = [(camera, purpose) for camera in CAMERAS for purpose in PURPOSES] + [(ENROLMENT, ENROLMENT_CHECK)]


class Other:
    """A second process: its own state, read from the folder without writing to it, and brought up to date by changes.

    empty: it begins with nothing at revision 0, and not with what is loaded.
    """

    def __init__(self, matcher: Matcher, stub: Any, *, empty: bool = False) -> None:
        self.stub = stub
        self.shard, self.book = (
            LocalShard(DEFAULT_FUSION, model_digest=stub.DIGEST),
            ConsentBook(gallery_id(matcher), 0),
        )
        if not empty:
            with self.opened(matcher) as database:
                self.book = load(database, matcher.master_key, self.shard).book
        self.revision = self.book.revision
        assert self.shard.revision == self.revision
        self.consents = ConsentIndex(self.book)

    @contextmanager
    def opened(self, matcher: Matcher) -> Iterator[Database]:
        with Database.open_read_only(matcher.database.folder) as database:
            yield database

    def apply(self, change: Change) -> None:
        self.shard.apply(change)
        self.consents.apply(change)
        self.revision = change.revision

    def catch_up(self, matcher: Matcher, *, again: int = 0, most: int | None = None) -> None:
        """again: how many revisions it has had already. most: how many changes it takes."""
        with self.opened(matcher) as database:
            stored = StoredChanges(database, matcher.master_key, model_digest=self.stub.DIGEST)
            for change in islice(stored.since(max(0, self.revision - again)), most):
                self.apply(change)

    def seen(self, moment: Any) -> tuple[Any, ...]:
        """All that a search can meet."""
        probes = [self.stub.template(person) for person in range(1, 7)]
        found = self.shard.search(probes, Selection.of(range(200)), 200, revision=self.revision)
        compared = self.shard.compare(probes[0], np.arange(200), revision=self.revision)
        # Equal vectors may come in any order.
        each = [one.at(np.argsort(one.numbers)) for one in (*found, compared)]
        return (
            scopes(self.book, moment),
            [(one.numbers.tolist(), one.subjects.tolist(), one.dissimilarities.fused.tolist()) for one in each],
        )


def gallery_id(matcher: Matcher) -> str:
    with matcher.database.reading() as connection:
        return str(connection.execute(select(tables.gallery.c.id)).scalar_one())


def scopes(asked: ConsentBook | Gallery, moment: datetime) -> list[tuple[Any, ...]]:
    def scope(camera: str, purpose: str) -> Scope:
        if isinstance(asked, ConsentBook):
            return asked.scope(camera=camera, purpose=purpose, moment=moment, zone=UTC_ZONE)
        return asked.scope(Query(actor="user:1", role="operator", camera=camera, purpose=purpose), moment)

    each = [scope(camera, purpose) for camera, purpose in ASKED]
    return [(one.revision, one.content_hash, one.size, [n for n in range(200) if n in one.selection]) for one in each]


def machine(stub: Any) -> type[RuleBasedStateMachine]:
    class Followers(RuleBasedStateMachine):
        subjects = Bundle("subjects")
        consents = Bundle("consents")
        others = Bundle("others")

        def __init__(self) -> None:
            super().__init__()
            self.folder = tempfile.TemporaryDirectory()
            self.world = stub.World(Path(self.folder.name) / "data")
            self.matcher = self.world.open()
            self.live = Other(self.matcher, stub)
            self.matcher.gallery.follow("live", self.live)

        def teardown(self) -> None:
            newcomer = Other(self.matcher, stub, empty=True)
            self.agree(newcomer)
            self.matcher.close()
            self.folder.cleanup()

        def agree(self, other: Other, **how: int) -> None:
            """It catches up, and is then in the same state as what followed live and as the gallery itself."""
            other.catch_up(self.matcher, **how)
            moment = self.world.clock()
            assert other.seen(moment) == self.live.seen(moment)
            assert scopes(self.matcher.gallery, moment) == scopes(other.book, moment)

        @rule(
            target=subjects,
            person=st.integers(1, 6),
            pictures=st.integers(1, 2),
            camera=st.sampled_from(["*", "lobby"]),
        )
        def enrol(self, person: int, pictures: int, camera: str) -> tuple[str, int]:
            until = self.world.clock() + timedelta(hours=person)
            people = [person] * pictures
            done = self.world.enrol(self.matcher, *people, cameras=frozenset({camera}), valid_until=until)
            return done.subject.id, person

        @rule(target=consents, subject=subjects, purpose=st.sampled_from(PURPOSES), hours=st.integers(0, 3))
        def grant(self, subject: tuple[str, int], purpose: str, hours: int) -> str:
            begin = self.world.clock() + timedelta(hours=hours)
            new = self.world.consent(purpose=purpose, valid_from=begin, valid_until=begin + timedelta(hours=2))
            return str(self.matcher.gallery.grant(subject[0], new, "user:1").id)

        @rule(subject=subjects)
        def add(self, subject: tuple[str, int]) -> None:
            self.matcher.gallery.grant(subject[0], self.world.consent(purpose="staff"), "user:1")
            self.world.add(self.matcher, subject[0], subject[1])

        @rule(consent=consumes(consents))
        def end(self, consent: str) -> None:
            self.matcher.gallery.withdraw_consent(consent, "user:1")

        @rule(subject=consumes(subjects))
        def withdraw(self, subject: tuple[str, int]) -> None:
            numbers = np.array([one.number for one in self.matcher.gallery.references(subject[0])])
            self.matcher.gallery.withdraw(subject[0], "user:1")
            assert not len(self.live.shard.compare(stub.template(1), numbers, revision=0)), "a template is left"

        @rule(hours=st.integers(1, 5))
        def wait(self, hours: int) -> None:
            self.world.clock.move(hours=hours)

        @rule(target=others)
        def begin(self) -> Other:
            return Other(self.matcher, stub)

        @rule(other=others, most=st.integers(1, 3))
        def catch_up_in_part(self, other: Other, most: int) -> None:
            other.catch_up(self.matcher, most=most)

        @rule(other=others, again=st.integers(0, 3))
        def catch_up(self, other: Other, again: int) -> None:
            self.agree(other, again=again)

    return Followers


@pytest.mark.timeout(300)
def test_a_follower_that_catches_up_has_the_state_of_one_that_followed_live(stub: Any) -> None:
    run_state_machine_as_test(
        machine(stub),
        settings=settings(
            max_examples=6, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


class Recorder:
    """Fails as long as it is told to. `revisions` it took."""

    def __init__(self) -> None:
        self.broken = False
        self.changes: list[Change] = []

    def apply(self, change: Change) -> None:
        if self.broken:
            raise RuntimeError("secret words")
        self.changes.append(change)

    @property
    def revisions(self) -> list[int]:
        return [change.revision for change in self.changes]


def test_a_follower_that_fails_is_named_and_gets_all_it_missed_in_order(
    world: Any, caplog: pytest.LogCaptureFixture
) -> None:
    registry = CollectorRegistry()

    def missing(name: str) -> float | None:
        return registry.get_sample_value("clearglass_follower_missing_changes", {"follower": name})

    with world.open(registry=registry) as matcher:
        gallery, broken, well = matcher.gallery, Recorder(), Recorder()
        gallery.follow("broken", broken)
        gallery.follow("well", well)
        first = world.enrol(matcher, 1).subject.id
        assert gallery.followers_behind == () and missing("broken") == 0
        broken.broken = True
        second = world.enrol(matcher, 2).subject.id
        consent = gallery.grant(first, world.consent(purpose="staff"), "user:1")
        assert {subject.id for subject in gallery.subjects()} == {first, second}, "its caller got what was committed"
        assert gallery.followers_behind == ("broken",) and missing("broken") == 2 and missing("well") == 0
        assert "broken did not follow the gallery to revision 3" in caplog.text and "secret" not in caplog.text
        broken.broken = False
        gallery.withdraw_consent(consent.id, "user:1")
        assert gallery.followers_behind == () and missing("broken") == 0
        assert well.revisions == [1, 2, 3, 4]
        assert broken.revisions == [1, 2, 4], "the first subject's changes came once, as they stand"
        assert [change.subject_id for change in broken.changes] == [first, second, first]
        assert any(one.withdrawn_at is not None for one in broken.changes[-1].consents)


def test_vectors_that_fail_to_follow_are_found_after_the_next_change(
    matcher: Matcher, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(GrowingIndex, "add", fails)
    first = world.enrol(matcher, 1).subject.id
    assert matcher.gallery.followers_behind == ("vectors",)
    monkeypatch.undo()
    world.enrol(matcher, 2)
    assert matcher.gallery.followers_behind == ()
    assert world.found(matcher, 1) == [first]


@pytest.mark.parametrize("asked", ["identify", "verify", "replay", "add"])
def test_vectors_that_fail_to_follow_catch_up_before_a_search_or_it_is_refused(
    matcher: Matcher, world: Any, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    def fails(*_: Any) -> None:
        raise MemoryError

    def ask() -> Any:
        if asked == "identify":
            return world.found(matcher, 2)
        if asked == "verify":
            return matcher.identifier.verify(world.probe(matcher, 2), second, world.query()).mated
        if asked == "replay":
            return matcher.replayer.replay(answer.request_index, actor="user:1", role="auditor").verdict
        return len(world.add(matcher, second, 2).references)

    world.enrol(matcher, 1)
    answer = matcher.identifier.identify(world.probe(matcher, 1), world.query())
    monkeypatch.setattr(GrowingIndex, "add", fails)
    second = world.enrol(matcher, 2).subject.id
    with pytest.raises(ShardBehindError, match=r"at revision 1 of the gallery.* needs revision 2"):
        ask()
    newest = matcher.log.entries(0, 1, newest_first=True)[0]
    if asked in {"identify", "verify"}:
        assert (newest.kind, newest.body["code"]) == (EntryKind.FAILURE, "shard_behind")
    assert matcher.gallery.followers_behind == ("vectors",)
    monkeypatch.undo()
    expected = {"identify": [second], "verify": True, "replay": Agreement.EQUAL, "add": 1}
    assert ask() == expected[asked]
    assert matcher.gallery.followers_behind == ()


def test_nobody_is_found_without_consent_while_no_follower_knows(
    matcher: Matcher, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise MemoryError

    gone, ended = world.enrol(matcher, 1).subject.id, world.enrol(matcher, 2)
    for follower in (LocalShard, ConsentIndex):
        monkeypatch.setattr(follower, "apply", fails)
    matcher.gallery.withdraw(gone, "user:1")
    matcher.gallery.withdraw_consent(ended.consent.id, "user:1")
    assert matcher.gallery.followers_behind == ("vectors", "consents")
    assert (scopes(matcher.gallery, world.clock())[0][2:]) == (2, [1, 2]), "in memory they can be found"
    assert world.found(matcher, 1) == world.found(matcher, 2) == []
    monkeypatch.undo()
    world.enrol(matcher, 3)
    assert scopes(matcher.gallery, world.clock())[0][2:] == (2, [3]), "both followed"
    assert world.found(matcher, 1) == world.found(matcher, 2) == []


def test_what_is_kept_of_a_change_is_a_number_and_an_id(matcher: Matcher, world: Any) -> None:
    stays, gone = world.enrol(matcher, 1).subject.id, world.enrol(matcher, 2).subject.id
    matcher.gallery.withdraw(gone, "user:1")
    with matcher.database.reading() as connection:
        rows = connection.execute(select(tables.change).order_by(tables.change.c.revision)).all()
    assert [tuple(row) for row in rows] == [(1, stays), (2, gone), (3, gone)]
    first, second = matcher.gallery.changes(0)
    assert (first.revision, first.withdrawn, second.revision, second.withdrawn) == (1, False, 3, True)
    assert second.added is None and second.consents == ()
    assert list(matcher.gallery.changes(3)) == []


def test_references_of_another_model_are_in_no_change(matcher: Matcher, world: Any) -> None:
    world.enrol(matcher, 1, 1)
    with matcher.database.writing() as connection:
        connection.exec_driver_sql("UPDATE reference SET model_digest = 'another' WHERE number = 1")
    (change,) = matcher.gallery.changes(0)
    assert change.added is not None and change.added.numbers.tolist() == [2]


def test_changes_are_read_page_by_page(matcher: Matcher, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.people.stored_changes.PAGE", 2)
    subjects = [world.enrol(matcher, person).subject.id for person in range(1, 6)]
    assert [change.subject_id for change in matcher.gallery.changes(0)] == subjects
    assert [change.revision for change in matcher.gallery.changes(2)] == [3, 4, 5]
