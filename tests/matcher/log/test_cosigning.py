"""A log that has its checkpoints cosigned, by real witnesses over HTTP, and publishes only what they cosigned."""

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from matcher.audit.auditor import audit
from matcher.audit.receipt import Receipt
from matcher.audit.report import Severity
from matcher.clock import system_clock
from matcher.log.cosigning import Cosigned, Cosigning
from matcher.log.entry import EntryKind
from matcher.log.errors import EntryUnknownError
from matcher.log.key import LOG_KEY_FILE
from matcher.log.log import AuditLog
from matcher.log.stored_publication import StoredPublication
from matcher.metrics import MatcherMetrics
from matcher.store.database import Database
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.cosignature import Cosigner
from matcher.tlog.errors import CosigningError, UncosignedError
from matcher.tlog.note import Signer, Verifier, note_text, open_note, sign_note
from matcher.tlog.policy import KnownWitness, Policy
from matcher.tlog.witness_client import SECONDS, WitnessClient
from tests.empty_folder import empty_folder
from tests.matcher.log import bodies
from tests.served_witness import served_witness

pytestmark = pytest.mark.slow

Opened = tuple[Database, AuditLog]
NOWHERE = "http://127.0.0.1:9"


@contextmanager
def opened(folder: Path) -> Iterator[Opened]:
    with Database.open(empty_folder(folder)) as database:
        yield database, AuditLog(database, clock=system_clock)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Opened]:
    with opened(tmp_path / "data") as both:
        write(both[1], 300)
        yield both


def write(log: AuditLog, count: int) -> None:
    with log.writing() as connection:
        for _ in range(count):
            log.append(connection, EntryKind.LOG_READ, bodies.log_read({"index": 0}))


def policy(*witnesses: tuple[str, str], quorum: str) -> Policy:
    """witnesses: address and key of each, who are named w0, w1, …"""
    lines = [f"witness w{number} {key} {address}" for number, (address, key) in enumerate(witnesses)]
    names = " ".join(f"w{number}" for number in range(len(witnesses)))
    return Policy.parse("\n".join([*lines, f"group all all {names}" if names else "", f"quorum {quorum}"]))


@contextmanager
def cosigning(log: Opened, policy: Policy, metrics: MatcherMetrics | None = None) -> Iterator[Cosigning]:
    running = Cosigning(log[0], log[1], policy, poll_seconds=0.1, clock=system_clock, metrics=metrics)
    running.start()
    try:
        yield running
    finally:
        running.close()


def wait(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def published(log: Opened) -> int:
    try:
        return Checkpoint.of_own(StoredPublication(log[0]).checkpoint()).size
    except UncosignedError:
        return 0


def state(running: Cosigning) -> Cosigned:
    (only,) = running.states()
    return only


def test_only_what_all_have_cosigned_is_published(log: Opened, tmp_path: Path) -> None:
    metrics = MatcherMetrics(CollectorRegistry())
    key = log[1].verifier_key
    with served_witness(tmp_path / "one", key, name="one") as one:
        dead = (NOWHERE, str(Cosigner.generate("two").verifier))
        with cosigning(log, policy(one, dead, quorum="all"), metrics) as running:
            wait(lambda: all(known.size or known.error for known in running.states()))
            assert published(log) == 0
            with pytest.raises(UncosignedError):
                Receipt.issue(StoredPublication(log[0]), 0)
            assert [known.size for known in running.states()] == [300, None]
            assert "w1 cannot be reached" in (running.states()[1].error or "")
        with served_witness(tmp_path / "two", key, name="two") as two:
            both = policy(one, two, quorum="all")
            with cosigning(log, both, metrics):
                wait(lambda: published(log) == 300)
                note = StoredPublication(log[0]).checkpoint()
                for witness in both.witnesses.values():
                    assert open_note(note, [witness.verifier]) == open_note(note, [Verifier.parse(key)])
                write(log[1], 7)
                wait(lambda: published(log) == 307)
                assert metrics.log_cosigned._value.get() == 307
                publication, verifier = StoredPublication(log[0]), Verifier.parse(key)
                assert audit(publication, verifier, policy=both).verified
                three = policy(one, two, dead, quorum="all")
                (problem,) = audit(publication, verifier, policy=three).problems
                assert (problem.code, problem.severity) == ("cosignatures_missing", Severity.MISSING)
                receipt = Receipt.issue(publication, 306)
                assert receipt.verified(Verifier.parse(key))[1].size == 307
            write(log[1], 1)
            with pytest.raises(EntryUnknownError, match="published no entry 307"):
                Receipt.issue(StoredPublication(log[0]), 307)
    with cosigning(log, Policy()):
        assert published(log) == 308, "without a quorum it publishes what there is"


def test_a_log_that_is_resumed_after_a_clock_ran_ahead_is_cosigned(tmp_path: Path) -> None:
    with Database.open(empty_folder(tmp_path / "data")) as database:
        ahead = AuditLog(database, clock=lambda: system_clock() + timedelta(days=1095))
        write(ahead, 10)
        log = AuditLog(database, clock=system_clock)
        with served_witness(tmp_path / "one", log.verifier_key, name="one") as one:
            both, asked = (database, log), policy(one, quorum="all")
            with cosigning(both, asked):
                wait(lambda: published(both) == 10)
                with log.writing() as connection:
                    log.resume(connection, actor="cli:ada")
                write(log, 1)
                wait(lambda: published(both) == 12)
                verifier = Verifier.parse(log.verifier_key)
                assert audit(StoredPublication(database), verifier, policy=asked).verified


def test_without_a_quorum_the_witnesses_are_asked_all_the_same(log: Opened, tmp_path: Path) -> None:
    with (
        served_witness(tmp_path / "w", log[1].verifier_key) as witness,
        cosigning(log, policy(witness, quorum="none")) as running,
    ):
        assert published(log) == 300
        wait(lambda: state(running).size == 300)


def test_who_is_slow_keeps_nobody_waiting_whose_word_is_not_needed(log: Opened, tmp_path: Path) -> None:
    metrics = MatcherMetrics(CollectorRegistry())
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        served_witness(tmp_path / "w", log[1].verifier_key) as witness,
    ):
        silent = (f"http://127.0.0.1:{deaf.getsockname()[1]}", str(Cosigner.generate("silent").verifier))
        with cosigning(log, policy(silent, witness, quorum="w1"), metrics) as running:
            wait(lambda: published(log) == 300)
            write(log[1], 5)
            wait(lambda: published(log) == 305)
            assert [one.size for one in running.states()] == [None, 305]
            began = time.monotonic()
        assert time.monotonic() - began < SECONDS + 5
    assert metrics.log_cosigned._value.get() == 305


def test_a_witness_that_comes_back_is_asked_from_where_it_stands(log: Opened, tmp_path: Path) -> None:
    key = log[1].verifier_key
    with served_witness(tmp_path / "w", key) as witness:
        port = int(witness[0].rpartition(":")[2])
        running = Cosigning(*log, policy(witness, quorum="all"), poll_seconds=0.1, clock=system_clock)
        running.start()
        wait(lambda: published(log) == 300)
    try:
        write(log[1], 5)
        wait(lambda: state(running).error)
        assert published(log) == 300
        with served_witness(tmp_path / "w", key, port=port):
            wait(lambda: published(log) == 305)
            assert state(running).error is None
    finally:
        running.close()


def test_a_log_that_lost_or_changed_entries_is_not_cosigned(log: Opened, tmp_path: Path) -> None:
    folder = log[0].folder
    shutil.copytree(folder, tmp_path / "older")
    with served_witness(tmp_path / "w", log[1].verifier_key) as witness:
        known = policy(witness, quorum="all")
        write(log[1], 9)
        with cosigning(log, known):
            wait(lambda: published(log) == 309)
        with opened(tmp_path / "older") as older, cosigning(older, known) as running:
            wait(lambda: state(running).error)
            assert "has cosigned 309 entries of this log, which has 300" in (state(running).error or "")
            write(older[1], 20)
            wait(lambda: "422" in (state(running).error or ""))
            assert published(older) == 0
        with Database.open(empty_folder(tmp_path / "other")) as database:
            shutil.copy(folder / LOG_KEY_FILE, database.folder / f"{LOG_KEY_FILE}.new")
            other = database, AuditLog(database, clock=system_clock)
            write(other[1], 400)
            with cosigning(other, known) as running:
                wait(lambda: "422" in (state(running).error or ""))
                assert published(other) == 0


OWN, FOREIGN = Cosigner.generate("example.org/w"), Cosigner.generate("example.org/w")
LOG = Signer.generate("example.com/log")
NOTE = sign_note(Checkpoint(origin=LOG.name, size=5, root=bytes(32)).text, LOG)
TEXT = note_text(NOTE)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (httpx.Response(200, text=""), "no cosignature of its own"),
        (httpx.Response(200, text="rubbish\n"), "no cosignature of its own"),
        (httpx.Response(200, text=FOREIGN.cosign(TEXT, 1)), "no cosignature of its own"),
        (httpx.Response(200, text=OWN.cosign("other\n" + TEXT, 1)), "no cosignature of its own"),
        (httpx.Response(200, text="x" * 70_000), "at a length"),
        (httpx.Response(403, text="a\x1b[2Jb\nc"), "status 403: a .2Jb c"),
        (httpx.Response(409, text="6\n"), "has cosigned 6 entries of this log, which has 5"),
        (httpx.Response(409, text="five\n"), "status 409"),
        (httpx.Response(409, text="3\n"), "status 409"),
        (httpx.Response(403, text="no"), "status 403: no"),
        (httpx.Response(302, headers={"Location": "http://elsewhere.example"}), "status 302"),
    ],
)
def test_what_a_witness_may_not_answer(answer: httpx.Response, message: str) -> None:
    known = KnownWitness(name="w", verifier=OWN.verifier, address="http://w.example")
    with (
        httpx.Client(transport=httpx.MockTransport(lambda request: answer)) as client,
        pytest.raises(CosigningError, match=message),
    ):
        WitnessClient(known, client).cosign(NOTE, 5, lambda old: [])


def test_only_its_own_line_is_taken_from_a_witness() -> None:
    known = KnownWitness(name="w", verifier=OWN.verifier, address="http://w.example/path/")
    own = OWN.cosign(TEXT, 1)

    def answer(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "http://w.example/path/add-checkpoint"
        assert request.read().decode() == f"old 0\n\n{NOTE}"
        junk = [Cosigner.generate(name).cosign(TEXT, 1) for name in ("example.org/z", OWN.name)]
        return httpx.Response(200, text="".join([*junk, "rubbish\n", own, own]))

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        assert WitnessClient(known, client).cosign(NOTE, 5, lambda old: []) == own
