"""The data folder whose lists are read: people, alerts and cameras, many of each."""

import uuid
from datetime import timedelta
from pathlib import Path

from benchmarks.audit_cost.audit_cost_world import World
from benchmarks.audit_cost.audit_cost_world import fill as fill_log
from benchmarks.commands.commands_world import ACTOR, probe
from benchmarks.harness.benchmark import Progress
from benchmarks.start_up.start_up_gallery import fill as fill_gallery
from benchmarks.start_up.start_up_service import PURPOSE, add_keeper
from ingest.camera.camera_store import CameraStore
from ingest.settings import IngestSettings
from matcher.alerts.alert import AlertStatus
from matcher.clock import system_clock
from matcher.log.entry import EntryKind
from matcher.matcher import Matcher
from matcher.settings import MatcherSettings
from matcher.store import tables

SEARCHES = 1_000
"""Searches in the log, which the alerts share: an alert names its search's entries."""

_CHUNK = 10_000
_SEED = 13
_STATUSES = tuple(AlertStatus)


def make_world(folder: Path, *, people: int, alerts: int, cameras: int, progress: Progress) -> str:
    """Fills a new data folder; the password of the account that `serving` logs in with.

    People have one made-up reference each. Alerts are of all statuses by turns, each about another person.
    """
    password = add_keeper(folder)
    with Matcher.open(MatcherSettings(folder=folder)) as matcher:
        camera_ids = _add_cameras(matcher, cameras)
        fill_log(World(matcher=matcher, probes=[probe()]), 2 * SEARCHES, progress)
    fill_gallery(folder, people, progress, purpose=PURPOSE, seed=_SEED, each=1)
    with Matcher.open(MatcherSettings(folder=folder)) as matcher:
        _add_alerts(matcher, alerts, camera_ids, progress)
    return password


def _add_cameras(matcher: Matcher, count: int) -> list[str]:
    """Switched off, since nothing is at their addresses; each with a login, which is sealed."""
    policy = IngestSettings().address_policy()
    store = CameraStore(matcher.database, matcher.master_key, matcher.log, policy=policy, clock=system_clock)
    ids = []
    for number in range(count):
        address = f"rtsp://admin:secret@10.0.{number // 200}.{number % 200 + 1}/stream"
        camera = store.add(actor=ACTOR, name=f"Door {number + 1}", address=address, purpose=PURPOSE)
        store.update(camera.id, actor=ACTOR, enabled=False)
        ids.append(camera.id)
    return ids


def _add_alerts(matcher: Matcher, count: int, camera_ids: list[str], progress: Progress) -> None:
    entry, reference = tables.audit_entry.c, tables.reference.c
    with matcher.database.reading() as connection:
        outcomes = tables.audit_entry.select().with_only_columns(entry.index, entry.request_index)
        searches = connection.execute(outcomes.where(entry.kind == EntryKind.OUTCOME.value)).all()
        everybody = tables.reference.select().with_only_columns(reference.id, reference.subject_id)
        references = connection.execute(everybody.order_by(reference.number)).all()
    began = system_clock()
    with progress.step("alerts", total=count) as advance:
        for begin in range(0, count, _CHUNK):
            numbers = range(begin, min(begin + _CHUNK, count))
            rows = []
            for number in numbers:
                outcome, request = searches[number % len(searches)]
                reference_id, subject_id = references[number % len(references)]
                rows.append(
                    {
                        "id": str(uuid.uuid4()),
                        "number": number,
                        "camera_id": camera_ids[number % len(camera_ids)],
                        "subject_id": subject_id,
                        "reference_id": reference_id,
                        "request_index": request,
                        "outcome_index": outcome,
                        "dissimilarity": 0.5,
                        "operating_point": "fmr-1e-5",
                        "captured_at": began + timedelta(microseconds=number),
                        "raised_at": began + timedelta(microseconds=number),
                        "status": _STATUSES[number % len(_STATUSES)].value,
                    }
                )
            with matcher.database.writing() as connection:
                connection.execute(tables.alert.insert(), rows)
            advance(len(rows))
