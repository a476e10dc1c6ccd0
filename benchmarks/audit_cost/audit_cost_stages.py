"""The times of the parts of a log entry, in the same folder."""

import os
from collections.abc import Callable, Mapping
from statistics import median

import numpy as np

from benchmarks.audit_cost.audit_cost_world import POINT, QUERY, World, loaded_shard
from benchmarks.harness.alternation import alternate
from benchmarks.harness.benchmark import Progress
from matcher.audit.receipt import Receipt
from matcher.clock import system_clock
from matcher.log.entry import EntryKind, encode
from matcher.log.stored_publication import StoredPublication
from matcher.search.evidence import Evidence
from matcher.search.search_log import request_body
from matcher.timestamp import format_time
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.merkle import EMPTY_ROOT
from matcher.tlog.note import Signer, sign_note

RECEIPT = "receipt of an entry, with its proof"

_PAGES = 8 * 4096
"""The approximate bytes that a small transaction adds to the write-ahead log."""


def stages(world: World, progress: Progress, *, rounds: int) -> Mapping[str, float]:
    """Milliseconds of each, the median of the rounds."""
    matcher, now = world.matcher, system_clock()
    scope = matcher.gallery.scope(QUERY, now)
    signer = Signer.generate("benchmark")
    body = request_body(
        "identify",
        QUERY,
        started_at=now,
        scope=scope,
        operating_point=POINT,
        commitment="0" * 64,
        quality=world.probes[0].quality.score,
        against=None,
    )
    shard, probe = loaded_shard(matcher), world.probes[0].template
    numbers = np.arange(1, min(50, len(world.probes)) + 1)
    publication = StoredPublication(matcher.database)
    indexes = iter(np.random.default_rng(1).integers(0, matcher.log.size(), 2 * rounds).tolist())
    # In the folder's own file system; opened for appending, as the write-ahead log grows.
    path = matcher.database.folder / "fsync-alone"
    with path.open("ab", buffering=0) as file:

        def sync() -> None:
            file.write(os.urandom(_PAGES))
            os.fdatasync(file.fileno())

        contestants: dict[str, Callable[[], object]] = {
            "write and fdatasync, 32 KiB": sync,
            "commitment to the probe": lambda: Evidence.of(world.probes[0]).commitment,
            "canonical JSON of a request": lambda: encode(format_time(now), EntryKind.REQUEST, body),
            "checkpoint, signed": lambda: sign_note(
                Checkpoint(origin=signer.name, size=1, root=EMPTY_ROOT).text, signer
            ),
            "one entry, durable": lambda: matcher.log.record(EntryKind.STOP, {}),
            "scores of a shortlist": lambda: shard.compare(probe, numbers, revision=0),
            RECEIPT: lambda: Receipt.issue(publication, next(indexes)),
        }
        with progress.step("timing the parts", total=rounds * len(contestants)) as advance:
            times = alternate(contestants, rounds=rounds, advance=advance)
    path.unlink()
    return {name: median(seconds) * 1000 for name, seconds in times.items()}
