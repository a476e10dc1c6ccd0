"""Checks a published log from outside: with its public key, and nothing else that its owner could have changed."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import takewhile
from multiprocessing import get_context
from typing import NamedTuple

from matcher.audit.entry_checker import EntryChecker
from matcher.audit.examination import EntryFacts, EntryFault, examine
from matcher.audit.report import LogReport
from matcher.process.child_process import cores, die_with_parent
from matcher.tlog.bundle import unpack_bundle
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.errors import NoteError, TileUnknownError
from matcher.tlog.merkle import Frontier, leaf_hash
from matcher.tlog.note import Verifier, open_note
from matcher.tlog.policy import Policy
from matcher.tlog.progress import Progress
from matcher.tlog.publication import Publication
from matcher.tlog.tile import HEIGHT, WIDTH, Tile, tiles

_ALONE = 64
"""Up to this number of bundles it is faster to examine them here than to start processes."""

_AHEAD = 4
"""Bundles queued for each process, or examined and not yet taken."""


def audit(
    log: Publication,
    *verifiers: Verifier,
    since: Checkpoint | None = None,
    policy: Policy | None = None,
    progress: Progress | None = None,
) -> LogReport:
    """Recomputes everything from the entries: what they say, every hash that is published, the root that was signed.

    verifiers: the log's known public keys, all of one name. since: an earlier checkpoint that the caller kept; the log
    must begin with the entries that it covers. policy: whose cosignatures the checkpoint needs. A long log is examined
    by one process for each core. Raises the errors of reading the log; a missing tile is not raised, it is a problem in
    the report.
    """
    walk = _Audit(log, since)
    note = log.checkpoint()
    try:
        checkpoint = Checkpoint.parse(open_note(note, verifiers))
    except NoteError as error:
        walk.checker.add(None, "checkpoint_invalid", error.message)
    else:
        if policy is not None and not policy.satisfied(policy.cosigned(note)):
            walk.checker.add(None, "cosignatures_missing", "The checkpoint is not cosigned as the policy asks.")
        walk.check(checkpoint, verifiers[0].name, progress)
    return walk.checker.report(walk.frontier, note)


class Examined(NamedTuple):
    """The hash of each leaf of a bundle, and its entry as `examine` returns it. fault: why the bundle cannot be
    read."""

    hashes: list[bytes]
    entries: list[EntryFacts | EntryFault]
    fault: str | None = None


def examine_bundle(packed: bytes, count: int) -> Examined:
    """Examines a bundle by itself, without the entries before it."""
    try:
        leaves = unpack_bundle(packed, count)
    except ValueError as error:
        return Examined([], [], str(error))
    return Examined([leaf_hash(leaf) for leaf in leaves], [examine(leaf) for leaf in leaves])


class _Audit:
    """One pass. hashes: by level, the tile hashes computed from the entries so far."""

    def __init__(self, log: Publication, since: Checkpoint | None) -> None:
        self.checker = EntryChecker()
        self.frontier = Frontier()
        self._log = log
        self._since = since
        self._hashes: list[list[bytes]] = []

    def check(self, checkpoint: Checkpoint, name: str, progress: Progress | None) -> None:
        since = self._since
        if checkpoint.origin != name:
            self.checker.add(None, "origin_differs", "The checkpoint is of another log than the key.")
        if since is not None and since.size > checkpoint.size:
            message = f"The log has {checkpoint.size} entries, and had {since.size} at the earlier checkpoint."
            self.checker.add(None, "rolled_back", message)
        if not self._entries(checkpoint.size, progress):
            return
        for tile in tiles(checkpoint.size):
            if tile.level is not None:
                self._compare(tile, tile.level)
        if checkpoint.root != self.frontier.root():
            self.checker.add(None, "root_differs", "The entries do not hash to the root that was signed.")

    def _entries(self, size: int, progress: Progress | None) -> bool:
        """Checks all entries; returns False at the first bundle that cannot be read."""
        for tile, examined in self._examined(size):
            if examined is None:
                return False
            if examined.fault is not None:
                self.checker.add(tile.begin, "bundle_malformed", f"{tile.path} is {examined.fault}.")
                return False
            for index, (hashed, entry) in enumerate(zip(examined.hashes, examined.entries, strict=True), tile.begin):
                self.checker.check(index, entry)
                self._grow(hashed)
            if progress is not None:
                progress(tile.end, size)
        return True

    def _examined(self, size: int) -> Iterator[tuple[Tile, Examined | None]]:
        """Each bundle in order; None for one that is missing."""
        # One by one: what is signed may be a size that no log has.
        bundles = takewhile(lambda tile: tile.level is None, tiles(size))
        if size <= _ALONE * WIDTH:
            for tile in bundles:
                packed = self._read(tile)
                yield tile, None if packed is None else examine_bundle(packed, tile.width)
            return
        waiting: deque[tuple[Tile, Future[Examined] | None]] = deque()
        # They end with a process that is killed: the pool alone would leave them behind.
        with ProcessPoolExecutor(cores(), mp_context=get_context("spawn"), initializer=die_with_parent) as pool:
            for tile in bundles:
                packed = self._read(tile)
                waiting.append((tile, None if packed is None else pool.submit(examine_bundle, packed, tile.width)))
                if len(waiting) > _AHEAD * cores():
                    yield _taken(waiting)
            while waiting:
                yield _taken(waiting)

    def _grow(self, hashed: bytes) -> None:
        self.frontier, completed = self.frontier.grow(hashed)
        for level, root in enumerate(completed[::HEIGHT]):
            if level == len(self._hashes):
                self._hashes.append([])
            self._hashes[level].append(root)
        since = self._since
        if since is not None and since.size == self.frontier.size and since.root != self.frontier.root():
            message = f"The first {since.size} entries are not those of the earlier checkpoint."
            self.checker.add(None, "history_differs", message)

    def _compare(self, tile: Tile, level: int) -> None:
        """Compares a tile's hashes with those computed from the entries."""
        packed = self._read(tile)
        if packed is not None and packed != b"".join(self._hashes[level][tile.begin : tile.end]):
            self.checker.add(None, "tile_differs", f"{tile.path} is not made of the entries.")

    def _read(self, tile: Tile) -> bytes | None:
        try:
            return self._log.read(tile)
        except TileUnknownError:
            self.checker.add(None, "tile_missing", f"{tile.path} is missing.")
            return None


def _taken(waiting: deque[tuple[Tile, "Future[Examined] | None"]]) -> tuple[Tile, Examined | None]:
    tile, future = waiting.popleft()
    return tile, None if future is None else future.result()
