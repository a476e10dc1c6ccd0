"""The service is killed, and its disk fails, at any moment: the log stays whole, and no answer stands without it.

A kill alone proves little, for the page cache outlives the process: so it is looked at as well, by strace, whether each
answer is preceded by an fdatasync of all that was written, and what follows when each of these calls fails in its turn.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from matcher.audit.verification import verify_log
from matcher.clock import system_clock
from matcher.log.entry import EntryKind
from matcher.matcher import Matcher
from matcher.process.child_process import cores, environment
from matcher.store.database import DATABASE_FILE, FAILURE_FILE

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("CLEARGLASS_FAULT_KILLS", "6"))
FAULTS = int(os.environ.get("CLEARGLASS_FAULTS", "10"))
"""How many calls fail or kill, spread over all there are; 0 for every one of them."""

KILLS_A_FOLDER = 25
"""Then a new log is begun: the whole of it is checked after each kill."""

CLIENTS = 8
SEARCHES = 6
SEARCHER = "tests.matcher.log.searcher"
CALLS = ("pwrite64", "fdatasync", "ftruncate")
"""By which SQLite changes its files and makes them durable."""


@pytest.fixture
def enrolled(stub: Any, tmp_path: Path) -> Any:
    """A data folder with somebody to be found."""
    world = stub.World(tmp_path / "enrolled", clock=system_clock)
    with world.open() as matcher:
        world.enrol(matcher, 1)
    return world


def command(folder: Path, clients: int, *searches: int) -> list[str]:
    return [sys.executable, "-m", SEARCHER, str(folder), str(clients), *map(str, searches)]


def answered(lines: str) -> list[tuple[int, int]]:
    """Request and outcome of every search that was answered, as far as its line was written to its end."""
    return [(int(one), int(other)) for one, other in re.findall(r"^answered (\d+) (\d+)\n", lines, re.MULTILINE)]


def require_whole(world: Any, answers: Sequence[tuple[int, int]]) -> None:
    """Starts once more on what is left: the log verifies, and has both entries of every search that was answered."""
    with world.open() as matcher:
        report = verify_log(matcher.database, matcher.log.verifier_key)
        assert report.problems == ()
        assert report.open_requests == 0
        require_entries(matcher, answers)


def require_entries(matcher: Matcher, answers: Sequence[tuple[int, int]]) -> None:
    for request, outcome in answers:
        assert matcher.log.entry(request).kind is EntryKind.REQUEST
        entry = matcher.log.entry(outcome)
        assert (entry.kind, entry.body["request"]) == (EntryKind.OUTCOME, request)
        assert len(entry.body["candidates"]) == 1


# --- kill -9 -------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(0)
def test_whatever_moment_it_is_killed_at_no_answered_search_is_missing(enrolled: Any, tmp_path: Path) -> None:
    rounds = [min(KILLS_A_FOLDER, KILLS - begun) for begun in range(0, KILLS, KILLS_A_FOLDER)]

    def kill(number: int) -> int:
        world = type(enrolled)(tmp_path / f"killed-{number}", clock=system_clock)
        shutil.copytree(enrolled.folder, world.folder)
        chance = random.Random(number)
        return sum(kill_once(world, chance) for _ in range(rounds[number]))

    with ThreadPoolExecutor(cores()) as threads:
        answers = sum(threads.map(kill, range(len(rounds))))
    sys.stdout.write(f"{KILLS} kills under {CLIENTS} clients, {answers} answered searches\n")
    assert answers >= KILLS


def kill_once(world: Any, chance: random.Random) -> int:
    """How many searches had been answered."""
    with subprocess.Popen(command(world.folder, CLIENTS), stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(chance.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        lines = (first + process.stdout.read()).decode()
    answers = answered(lines)
    assert "refused" not in lines
    require_whole(world, answers)
    return len(answers)


# --- what the kernel was asked for ---------------------------------------------------------------------------------


def traced(strace: Path, folder: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """One client's searches under strace: what it printed, and what strace wrote of it."""
    report = folder.with_suffix(".strace")
    done = subprocess.run(
        [strace, "-f", "-qq", "-y", "-o", report, *options, *command(folder, 1, SEARCHES)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment(),
    )
    return done, report.read_text()


def files_of(folder: Path) -> list[str]:
    """Strace's options for the database's files alone."""
    names = (DATABASE_FILE, f"{DATABASE_FILE}-wal")
    return [option for name in names for option in ("-P", str(folder / name))]


def test_an_answer_follows_an_fdatasync_of_all_that_was_written(enrolled: Any, strace: Path) -> None:
    done, calls = traced(strace, enrolled.folder, "-e", "trace=pwrite64,fdatasync,write")
    assert len(answered(done.stdout)) == SEARCHES, done.stderr
    synced, answers = False, 0
    for line in calls.splitlines():
        if DATABASE_FILE in line and "-shm" not in line:
            synced = "fdatasync(" in line and line.endswith("= 0")
        elif '"answered ' in line:
            answers += 1
            assert synced, line
    assert answers == SEARCHES


@pytest.mark.timeout(0)
def test_whichever_call_fails_or_is_the_last_the_log_stays_whole(enrolled: Any, tmp_path: Path, strace: Path) -> None:
    trial = tmp_path / "trial"
    shutil.copytree(enrolled.folder, trial)
    done, calls = traced(strace, trial, *files_of(trial), "-e", f"trace={','.join(CALLS)}")
    assert len(answered(done.stdout)) == SEARCHES, done.stderr
    made = Counter(re.findall(rf"\b({'|'.join(CALLS)})\(", calls))
    assert made["pwrite64"] and made["fdatasync"]
    faults = [
        (call, number, fault)
        for call, count in made.items()
        for number in range(1, count + 1)
        for fault in ("error=EIO", "error=ENOSPC", "signal=KILL")
    ]
    chosen = random.Random(7).sample(faults, min(FAULTS, len(faults))) if FAULTS else faults

    def inject(call: str, number: int, fault: str) -> str:
        world = type(enrolled)(tmp_path / f"{call}-{number}-{fault}", clock=system_clock)
        shutil.copytree(enrolled.folder, world.folder)
        what = ("-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={number}")
        done, _ = traced(strace, world.folder, *files_of(world.folder), *what)
        if fault == "error=EIO":
            require_stopped(done.stdout, world.folder)
        require_whole(world, answered(done.stdout))
        shutil.rmtree(world.folder)
        return "refused" if "refused" in done.stdout else "ended" if done.returncode else "went on"

    with ThreadPoolExecutor(cores()) as threads:
        ends = Counter(threads.map(inject, *zip(*chosen, strict=True)))
    sys.stdout.write(f"{len(chosen)} of {len(faults)} faults, in {dict(made)}: {dict(ends)}\n")


def require_stopped(lines: str, folder: Path) -> None:
    """After an I/O error that a search met nothing is answered by that process, and the next start is told."""
    _, refused, after = lines.partition("refused")
    if refused:
        assert "answered" not in after
        assert (folder / FAILURE_FILE).exists()
