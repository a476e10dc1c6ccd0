"""Wrote the version-1 log of this folder: `write.py DIR`. To be read, not run: today's code writes version 2.

It was run once, with the last code that wrote version 1. All people, pictures and names are made up; the keys are of
this log alone.
"""

import importlib.util
import json
import sqlite3
import sys
from contextlib import closing, suppress
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from matcher.alerts.review import Verdict
from matcher.audit.receipt import Receipt
from matcher.audit.searches import Question, every_search
from matcher.audit.unusual import Measure, unusual
from matcher.audit.verification import verify_log
from matcher.errors import ClearglassError
from matcher.evaluation.published import evaluate_log
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.log.schema import published
from matcher.log.stored_publication import StoredPublication
from matcher.store.database import DATABASE_FILE, Database
from matcher.timestamp import format_time
from matcher.tlog.export import ExportedLog

STUB = Path(__file__).parents[2] / "stub.py"
ACTOR = "user:11111111-1111-4111-8111-111111111111"
OTHER = "user:22222222-2222-4222-8222-222222222222"
DIGEST = "ab" * 32


def load_stub():
    spec = importlib.util.spec_from_file_location("matcher_stub", STUB)
    module = importlib.util.module_from_spec(spec)
    sys.modules["matcher_stub"] = module
    spec.loader.exec_module(module)
    return module


def camera_finds(matcher, world, person, camera="lobby", raising=True):
    probe = world.probe(matcher, person)
    query = world.query(actor=f"camera:{camera}", role="camera", camera=camera)
    found = matcher.identifier.identify(probe, query)
    if not found.candidates or not raising:
        return None
    return matcher.alerts.raise_alert(camera_id=camera, candidate_list=found, probe=probe, captured_at=world.clock()).id


def record_what_the_api_does(matcher, world):
    """Of kinds that are written outside of the matcher, a body each."""
    account = ACTOR.removeprefix("user:")
    camera = {"camera": "lobby", "name": "Lobby", "place": "rtsps://192.0.2.20:322", "purpose": "demo", "enabled": True}
    session = "session:33333333-3333-4333-8333-333333333333"
    looked = {"names": 2, "reference_pictures": 120, "alert_pictures": 1}
    for kind, body in [
        (EntryKind.ACCOUNT, {"action": "created", "account": account, "role": "operator", "actor": "cli:test"}),
        (EntryKind.LOGIN, {"outcome": "accepted", "account": account, "role": "operator", "via": session}),
        (EntryKind.LOGIN, {"outcome": "refused", "account": None}),
        (EntryKind.CREDENTIAL, {"action": "password_changed", "account": account, "actor": ACTOR, "via": session}),
        (EntryKind.CAMERA, {"action": "added", "actor": "cli:test", **camera, "certificate": "verified"}),
        (EntryKind.LOG_READ, {"actor": OTHER, "role": "auditor", "read": {"index": 3}}),
        (
            EntryKind.GALLERY_READ,
            {"actor": ACTOR, "role": "operator", "since": format_time(world.clock()), **looked, "subjects": []},
        ),
    ]:
        matcher.log.record(kind, body)


def live(matcher, world):
    ann = world.enrol(matcher, 1, name="Ann").subject.id
    bob = world.enrol(matcher, 2, name="Bob").subject.id
    cleo = world.enrol(matcher, 3, name="Cleo", cameras=frozenset({"yard"})).subject.id
    matcher.declarations.declare(ann, {"age": "60+"}, ACTOR)
    matcher.declarations.declare(bob, {"age": "18-39"}, ACTOR)
    record_what_the_api_does(matcher, world)
    right, wrong = camera_finds(matcher, world, 1), camera_finds(matcher, world, 2)
    camera_finds(matcher, world, 9)
    camera_finds(matcher, world, 1, raising=False)
    for alert, actor, verdict in [
        (right, ACTOR, Verdict.CONFIRM),
        (right, OTHER, Verdict.CONFIRM),
        (wrong, OTHER, Verdict.REJECT),
    ]:
        world.clock.move(seconds=30)
        matcher.alerts.review(alert, actor, verdict)
    matcher.identifier.verify(world.probe(matcher, 1), ann, world.query(case_reference="case 7"))
    matcher.identifier.verify(world.probe(matcher, 9), bob, world.query())
    matcher.identifier.verify(world.probe(matcher, 1), world.probe(matcher, 1), world.query())
    with suppress(ClearglassError):
        matcher.identifier.verify(world.probe(matcher, 3), cleo, world.query())
    consent = matcher.gallery.grant(bob, world.consent(purpose="other"), ACTOR)
    matcher.gallery.withdraw_consent(consent.id, ACTOR)
    matcher.gallery.withdraw(cleo, ACTOR)
    return matcher.declarations.every()


def go_on_after_a_clock_that_ran_ahead(database, clock):
    log = AuditLog(database, clock=clock)
    log.introduce_key()
    log.retire_key()
    clock.move(minutes=-5)
    with log.writing() as connection:
        log.resume(connection, actor="cli:test")
    return log


def found(database, keys, clock, groups):
    """What the code that wrote it found in it."""
    report = verify_log(database, *keys)
    assert report.verified, report.problems
    assert set(report.kinds) == set(EntryKind), set(EntryKind) - set(report.kinds)
    measure = Measure(again=2, zone=ZoneInfo("UTC"))
    begin, end = clock() - timedelta(days=1), clock() + timedelta(days=1)
    return {
        "verifier_key": keys[-1],
        "entries": report.entries,
        "root": report.root.hex(),
        "searches": [asdict(one) for one in every_search(database, Question())],
        "unusual": [asdict(one) for one in unusual(database, measure, since=begin, until=end)],
        "evaluation": asdict(evaluate_log(StoredPublication(database), groups).report),
    }


def main(folder: Path) -> None:
    stub = load_stub()
    data = folder / "data"
    world = stub.World(data)
    with world.open() as matcher:
        groups = live(matcher, world)
    with Database.open(data) as database:
        keys = go_on_after_a_clock_that_ran_ahead(database, world.clock).verifier_keys
    stub.POINT = replace(stub.POINT, threshold=0.6)
    with world.open() as matcher:
        decided = [one.index for one in every_search(matcher.database, Question()) if one.ending == "found"]
        replays = {index: matcher.replayer.replay(index).verdict for index in decided}
    with Database.open(data) as database:
        publication = StoredPublication(database)
        ExportedLog(folder / "export").extend(publication)
        expected = found(database, keys, world.clock, groups)
        index = next(one["index"] for one in expected["searches"] if one["ending"] == "found")
        (folder / "search.tlog-proof").write_text(Receipt.issue(publication, index + 1).text)
    with closing(sqlite3.connect(data / DATABASE_FILE)) as connection:
        (folder / "database.sql").write_text("\n".join(connection.iterdump()) + "\n")
    secrets = {path.name: path.read_text() for path in sorted(data.glob("*.key"))}
    for name, value in [
        ("keys", secrets),
        ("schema", published()),
        ("expected", expected | {"replays": replays, "groups": [one.record for one in groups], "receipt": index + 1}),
    ]:
        text = json.dumps(value, indent=1, default=str, sort_keys=True)
        (folder / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
