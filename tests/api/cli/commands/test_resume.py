"""A clock that stepped: what people are told, the way out, and that the log verifies afterwards. On real folders."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.access.logins import Attempt
from api.permission import Role
from api.service import Service
from api.settings import ApiSettings
from ingest.settings import IngestSettings
from matcher.audit.auditor import audit
from matcher.audit.verification import verify_log
from matcher.clock import system_clock
from matcher.log.entry import EntryKind
from matcher.log.errors import ClockError, ClockSoundError
from matcher.log.log import AuditLog
from matcher.log.stored_publication import StoredPublication
from matcher.settings import MatcherSettings
from matcher.store.database import Database
from matcher.tlog.export import ExportedLog
from matcher.tlog.note import Verifier
from tests.matcher.stub import MovableClock, StubRecogniser, World

YEARS = timedelta(days=3 * 365)
PASSWORD = "correct horse battery staple"
Run = Callable[..., tuple[int, str, str]]


def opened(folder: Path, clock: Callable[[], datetime]) -> Service:
    return Service.open(
        matcher=MatcherSettings(folder=folder, threshold=0.5),
        ingest=IngestSettings(),
        api=ApiSettings(),
        recogniser=StubRecogniser(),
        clock=clock,
    )


def at(step: timedelta) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC) + step


def worked(folder: Path, step: timedelta) -> dict[str, Any]:
    """Some work by a clock that is wrong by this much."""
    with opened(folder, at(step)) as service:
        account = service.accounts.create(name="ada", password=PASSWORD, role=Role.ADMINISTRATOR)
        session = service.logins.log_in("ada", Attempt(password=PASSWORD, client="here"))
        token = service.accounts.issue_token(account.id, name="program", actor="cli:test")
        enrolled = World(folder, clock=at(step)).enrol(service.matcher, 7)
        return {"session": session.secret, "token": token.secret, "subject": enrolled.subject.id}


@pytest.mark.slow
@pytest.mark.parametrize("step", [timedelta(hours=1), YEARS])
def test_a_clock_that_ran_ahead(run: Run, told: Callable[..., Any], tmp_path: Path, step: timedelta) -> None:
    data = ("--data", tmp_path / "data")
    left = worked(tmp_path / "data", step)

    # Each start ends with a sentence and the way out.
    status, _, err = run("account", "list", *data)
    assert status == 1
    assert "before the audit log's last entry" in err and "clearglass audit resume" in err
    status, out, _ = run("doctor", *data, "--port", 0, "--json")
    finding = next(one for one in json.loads(out) if one["what"] == "clock")
    assert (status, finding["well"]) == (1, False)
    assert ("1,094 days 23 hours" if step is YEARS else "59 minutes") in finding["found"]
    assert "clearglass audit resume" in finding["remedy"]

    # Nobody resumes by accident.
    status, _, err = run("audit", "resume", *data)
    assert status == 2 and "--yes" in err
    before = told("audit", "verify", *data)
    done = told("audit", "resume", "--yes", *data)
    assert (done["sessions"], done["tokens"], done["subjects"]) == (1, 1, [left["subject"]])
    [entry] = told("audit", "show", "--kind", "clock", *data)
    assert entry["index"] == done["index"] == before["entries"]
    assert entry["body"]["actor"].startswith("cli:")
    assert entry["body"]["last_time"] == before["ended"] > entry["time"]
    assert told("audit", "verify", *data)["verified"]
    assert told("audit", "resume", "--yes", *data)["index"] is None, "there is nothing more to resume"

    # The service starts again, and nothing that the clock gave lasts for too long.
    with opened(tmp_path / "data", system_clock) as service:
        assert service.logins.by_session(left["session"]) is None
        assert service.logins.by_token(left["token"]) is None
        assert service.logins.log_in("ada", Attempt(password=PASSWORD, client="here"))
        assert service.matcher.log.clock_state().fits
        world = World(tmp_path / "data", clock=system_clock)
        assert world.found(service.matcher, 7) == [], "the consent begins only then"
        service.matcher.gallery.grant(left["subject"], world.consent(), actor="cli:test")
        assert world.found(service.matcher, 7) == [left["subject"]]
        replayed = service.matcher.replayer.replay(service.matcher.log.size() - 2, actor="user:1", role="auditor")
        assert replayed.findings == ()
    assert told("audit", "verify", *data)["verified"]
    assert next(one for one in told("doctor", *data, "--port", 0) if one["what"] == "clock")["well"]


def test_a_clock_that_is_set_back_and_right_again(tmp_path: Path) -> None:
    clock = MovableClock(datetime.now(UTC))
    with opened(tmp_path / "data", clock) as service:
        log = service.matcher.log
        clock.move(hours=-1)
        with pytest.raises(ClockError, match="before the audit log's last entry") as caught:
            World(tmp_path / "data", clock=clock).found(service.matcher, 7)
        assert "Set the machine's clock right" in caught.value.remedy
        clock.move(hours=1)
        assert World(tmp_path / "data", clock=clock).found(service.matcher, 7) == []
        assert log.entries(kinds=[EntryKind.CLOCK]) == []
        assert verify_log(service.matcher.database, *log.verifier_keys).verified


def test_an_auditor_outside_accepts_the_step_only_at_such_an_entry(tmp_path: Path) -> None:
    clock = MovableClock()
    with Database.open(tmp_path / "data") as database:
        log = AuditLog(database, clock=clock)
        log.record(EntryKind.STOP, {})
        clock.move(days=-1000)
        with log.writing() as connection:
            log.resume(connection, actor="cli:ada")
        log.record(EntryKind.STOP, {})
        exported = ExportedLog(tmp_path / "export")
        exported.extend(StoredPublication(database))
        assert audit(exported, Verifier.parse(log.verifier_key)).verified

        body = {"last_time": "2026-03-01T12:00:00.000000Z", "actor": "cli:ada"}
        clock.move(hours=1)
        log.record(EntryKind.CLOCK, body)
        [problem] = verify_log(database, log.verifier_key).problems
        assert (problem.code, problem.index) == ("clock_order", 3), "it names another last time than there was"


def test_a_log_cannot_begin_with_a_resumption(tmp_path: Path) -> None:
    with Database.open(tmp_path / "data") as database:
        log = AuditLog(database, clock=MovableClock())
        with pytest.raises(ClockSoundError), log.writing() as connection:
            log.resume(connection, actor="cli:ada")
        log.record(EntryKind.CLOCK, {"last_time": "2026-03-01T12:00:00.000000Z", "actor": "cli:ada"})
        assert [problem.code for problem in verify_log(database, log.verifier_key).problems] == ["clock_order"]
