"""The data folder of the commands: people, accounts, cameras and a log, as at a site."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.audit_cost.audit_cost_world import World
from benchmarks.audit_cost.audit_cost_world import fill as fill_log
from benchmarks.harness.benchmark import Progress
from benchmarks.start_up.start_up_gallery import fill as fill_gallery
from benchmarks.start_up.start_up_service import PURPOSE, add_account, add_keeper
from ingest.camera.camera_store import CameraStore
from ingest.settings import IngestSettings
from matcher.audit.receipt import Receipt
from matcher.clock import system_clock
from matcher.log.entry import EntryKind
from matcher.log.key import read_verifier_keys
from matcher.log.log import AuditLog
from matcher.log.stored_publication import StoredPublication
from matcher.matcher import Matcher
from matcher.probe.probe import Probe
from matcher.recognition.quality import Quality
from matcher.recognition.template import Template
from matcher.settings import MatcherSettings
from matcher.store.database import Database

REFERENCES_EACH = 5
CAMERAS = 4
_ACCOUNTS = {"ada": "administrator", "olga": "operator", "rita": "researcher", "ursula": "auditor"}
ACTOR = "cli:benchmark"
_SEED = 11


def make_world(folder: Path, people: int, entries: int, progress: Progress) -> str:
    """Fills a new data folder; the password of the account that `serving` logs in with."""
    password = add_keeper(folder)
    for name, role in _ACCOUNTS.items():
        add_account(folder, name, role)
    # Before the gallery, with which each opening takes long.
    with Matcher.open(MatcherSettings(folder=folder)) as matcher:
        _add_cameras(matcher)
        fill_log(World(matcher=matcher, probes=[probe()]), entries, progress)
    fill_gallery(folder, people * REFERENCES_EACH, progress, purpose=PURPOSE, seed=_SEED, each=REFERENCES_EACH)
    return password


def newest_request(folder: Path) -> int:
    """The index of the last search's request."""
    with Database.open_read_only(folder) as database:
        log = AuditLog(database, clock=system_clock)
        return log.entries(limit=1, kinds=[EntryKind.REQUEST], newest_first=True)[0].index


def write_receipt(folder: Path, index: int, path: Path) -> str:
    """Writes an entry's receipt to a file; returns the key for its check."""
    with Database.open_read_only(folder) as database:
        path.write_text(Receipt.issue(StoredPublication(database), index).text, encoding="utf-8")
    keys: Sequence[str] = read_verifier_keys(folder)
    return keys[-1]


def log_size(folder: Path) -> int:
    """How many entries the log has."""
    with Database.open_read_only(folder) as database:
        return AuditLog(database, clock=system_clock).size()


def _add_cameras(matcher: Matcher) -> None:
    """Switched off: nothing is at their addresses."""
    policy = IngestSettings().address_policy()
    store = CameraStore(matcher.database, matcher.master_key, matcher.log, policy=policy, clock=system_clock)
    for number in range(CAMERAS):
        address = f"rtsp://10.0.0.{number + 1}/stream"
        camera = store.add(actor=ACTOR, name=f"Door {number + 1}", address=address, purpose=PURPOSE)
        store.update(camera.id, actor=ACTOR, enabled=False)


def probe() -> Probe:
    """Something to search with, that nobody in the gallery is like."""
    vector = np.full(128, 128**-0.5, np.float32)
    quality = Quality(eye_distance=60, sharpness=500, yaw=0, pitch=0, roll=0, brightness=128, inside=1)
    return Probe(template=Template(model_digest="0" * 64, vectors={"sface": vector, "dlib": vector}), quality=quality)
