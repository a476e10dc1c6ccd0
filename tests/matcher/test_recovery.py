"""Each start brings to its end what the last run left undone, wherever that run, or a start after it, was cut off."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from matcher.audit.verification import verify_log
from matcher.log.entry import EntryKind
from matcher.log.key import read_log_keys, replace_log_keys
from matcher.log.log import AuditLog
from matcher.matcher import Matcher
from matcher.people.erasure import pending_erasures
from matcher.people.errors import ErasurePendingError
from matcher.process.child_process import environment
from matcher.recovery import Recovered, recover
from matcher.search.search_log import SearchLog
from matcher.store.database import FAILURE_FILE, Database
from matcher.tlog.note import Signer

NOTHING = Recovered(closed=0, erased=0, raised=())
DONE = [EntryKind.KEY, EntryKind.FAILURE, EntryKind.ERASURE, EntryKind.ALERT]
"""What the steps write, in their order, where each has something to do."""

STEPS = (
    "matcher.recovery:require_sound",
    "matcher.log.log:AuditLog.settle_keys",
    "matcher.recovery:close_interrupted",
    "matcher.recovery:finish_erasures",
    "matcher.recovery:raise_missed",
)


@pytest.fixture
def left(world: Any, monkeypatch: Any) -> Any:
    """The world of a run that was killed with something left undone for every step."""
    matcher = world.open()
    world.enrol(matcher, 1)
    withdrawn = world.enrol(matcher, 2).subject.id
    matcher.identifier.identify(world.probe(matcher, 1), world.query(actor="camera:lobby", role="camera"))
    searches = SearchLog(matcher.gallery, matcher.log, world.clock)
    with matcher.log.writing() as connection:
        point = matcher.identifier.operating_point
        searches.begin(connection, "identify", world.probe(matcher, 1), world.query(), point)
    monkeypatch.setattr(Database, "truncate_wal", lambda _: False)
    with pytest.raises(ErasurePendingError):
        matcher.gallery.withdraw(withdrawn, "user:1")
    monkeypatch.undo()
    key = read_log_keys(world.folder)[0]
    replace_log_keys(world.folder, [key, Signer.generate(key.name)])
    (world.folder / FAILURE_FILE).write_text("SQLITE_IOERR_FSYNC")
    matcher.database.close()  # no stop entry
    return world


@contextmanager
def log_of(world: Any) -> Iterator[tuple[Database, AuditLog]]:
    with Database.open(world.folder) as database:
        yield database, AuditLog(database, clock=world.clock)


def require_recovered(matcher: Matcher) -> None:
    """Everything was done, in order, and nothing twice; and what is there is sound."""
    kinds = [entry.kind for entry in matcher.log.entries()]
    assert [kind for kind in kinds if kind in DONE] == DONE
    assert kinds[-1] is EntryKind.START
    assert len(matcher.alerts.alerts()) == 1
    assert pending_erasures(matcher.database) == []
    assert matcher.database.failed_before is None
    assert verify_log(matcher.database, *matcher.log.verifier_keys).verified
    size = matcher.log.size()
    assert recover(matcher.database, matcher.log) == NOTHING
    assert matcher.log.size() == size


def test_every_step_is_taken_in_its_order_and_a_second_time_there_is_nothing_to_do(left: Any) -> None:
    with log_of(left) as (database, log):
        size = log.size()
        recovered = recover(database, log)
        assert (recovered.closed, recovered.erased, len(recovered.raised)) == (1, 1, 1)
        assert [entry.kind for entry in log.entries(size)] == DONE
        assert recover(database, log) == NOTHING
        assert log.size() == size + len(DONE)
    with left.open() as matcher:
        require_recovered(matcher)


def test_a_first_start_and_one_after_a_clean_stop_find_nothing_to_do(world: Any) -> None:
    with log_of(world) as (database, log):
        assert recover(database, log) == NOTHING
        assert log.size() == 0
    with world.open() as matcher:
        world.enrol(matcher, 1)
        world.found(matcher, 1, actor="camera:lobby", role="camera")
        gone = world.enrol(matcher, 2).subject.id
        matcher.gallery.withdraw(gone, "user:1")
    with log_of(world) as (database, log):
        size = log.size()
        assert recover(database, log) == NOTHING
        assert log.size() == size


def test_a_start_whose_writing_is_cut_off_anywhere_is_taken_up_by_the_next(left: Any, monkeypatch: Any) -> None:
    """Before each of its transactions is committed, one start after the other on a copy of the same folder."""
    writing, transactions = Database.writing, [0, 0]

    @contextmanager
    def cut_off(database: Database) -> Iterator[Connection]:
        with writing(database) as connection:
            yield connection
            transactions[0] += 1
            if transactions[0] == transactions[1]:
                raise KeyboardInterrupt

    before = shutil.copytree(left.folder, left.folder.parent / "before")
    while transactions[0] >= transactions[1]:
        transactions[:] = [0, transactions[1] + 1]
        shutil.rmtree(left.folder)
        shutil.copytree(before, left.folder)
        monkeypatch.setattr(Database, "writing", cut_off)
        try:
            left.open().close()
        except KeyboardInterrupt:
            monkeypatch.undo()
            with left.open() as matcher:
                require_recovered(matcher)
        monkeypatch.undo()
    assert transactions[1] > len(DONE)


KILLED = """
import functools, importlib, os, signal, sys
from pathlib import Path
from tests.matcher.stub import World
step, before, folder = sys.argv[1], sys.argv[2] == "before", Path(sys.argv[3])
module, _, name = step.partition(":")
*owners, name = name.split(".")
owner = functools.reduce(getattr, owners, importlib.import_module(module))
taken = getattr(owner, name)
def killed(*arguments):
    if not before:
        taken(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, name, killed)
World(folder).open()
"""


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_start_that_is_killed_before_or_after_a_step_is_taken_up_by_the_next(left: Any, step: str, when: str) -> None:
    command = [sys.executable, "-c", KILLED, step, when, str(left.folder)]
    done = subprocess.run(command, env=environment(), cwd=Path(__file__).parents[2], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    with left.open() as matcher:
        require_recovered(matcher)
