"""Checks a published log from outside: with its public key, and nothing else that its owner could have changed."""

from matcher.audit.bundle import unpack_bundle
from matcher.audit.checkpoint import Checkpoint
from matcher.audit.errors import NoteError, TileUnknownError
from matcher.audit.merkle import Frontier, leaf_hash
from matcher.audit.note import Verifier, open_note
from matcher.audit.publication import Publication
from matcher.audit.report import LogReport, Progress
from matcher.audit.story import Story
from matcher.audit.tile import HEIGHT, Tile, tiles


def audit(
    log: Publication, verifier: Verifier, *, since: Checkpoint | None = None, progress: Progress | None = None
) -> LogReport:
    """Recomputes everything from the entries: what they say, every hash that is published, the root that was signed.

    since: an earlier checkpoint, kept by whoever asks: the log must begin with what it covers. Raises what reading the
    log does, but for tiles that are not there, which the report tells.
    """
    walk = _Audit(log)
    note = log.checkpoint()
    try:
        checkpoint = Checkpoint.parse(open_note(note, [verifier]))
    except NoteError as error:
        walk.story.add(None, "checkpoint_invalid", error.message)
        checkpoint = None
    if checkpoint is not None:
        walk.check(checkpoint, verifier, since, progress)
    return LogReport(
        entries=walk.frontier.size,
        root=walk.frontier.root(),
        checkpoint=note,
        open_requests=len(walk.story.open),
        problems=tuple(walk.story.problems),
    )


class _Audit:
    """One pass. hashes: by level, what the entries so far make of the tree's tiles."""

    def __init__(self, log: Publication) -> None:
        self.story = Story()
        self.frontier = Frontier()
        self._log = log
        self._hashes: list[list[bytes]] = []

    def check(
        self, checkpoint: Checkpoint, verifier: Verifier, since: Checkpoint | None, progress: Progress | None
    ) -> None:
        if checkpoint.origin != verifier.name:
            self.story.add(None, "origin_differs", "The checkpoint is of another log than the key.")
        if since is not None and since.size > checkpoint.size:
            message = f"The log has {checkpoint.size} entries, and had {since.size} at the earlier checkpoint."
            self.story.add(None, "rolled_back", message)
        for tile in tiles(checkpoint.size):
            whole = self._entries(tile, since) if tile.level is None else self._compare(tile)
            if not whole:
                return
            if progress is not None and tile.level is None:
                progress(tile.end, checkpoint.size)
        if checkpoint.root != self.frontier.root():
            self.story.add(None, "root_differs", "The entries do not hash to the root that was signed.")

    def _entries(self, tile: Tile, since: Checkpoint | None) -> bool:
        """Whether the bundle could be read, and its entries taken up."""
        packed = self._read(tile)
        try:
            leaves = None if packed is None else unpack_bundle(packed, tile.width)
        except ValueError as error:
            self.story.add(tile.begin, "bundle_malformed", f"{tile.path} is {error}.")
            leaves = None
        for index, data in enumerate(leaves or (), start=tile.begin):
            self.story.tell(index, data)
            self._grow(leaf_hash(data))
            if since is not None and since.size == self.frontier.size and since.root != self.frontier.root():
                message = f"The first {since.size} entries are not those of the earlier checkpoint."
                self.story.add(None, "history_differs", message)
        return leaves is not None

    def _grow(self, hashed: bytes) -> None:
        completed = self.frontier.completed(hashed)
        for level, root in enumerate(completed[::HEIGHT]):
            if level == len(self._hashes):
                self._hashes.append([])
            self._hashes[level].append(root)
        self.frontier = self.frontier.grown(completed)

    def _compare(self, tile: Tile) -> bool:
        """Whether the tile is there; its hashes are held against those of the entries."""
        assert tile.level is not None  # noqa: S101 - for the type checker
        packed = self._read(tile)
        if packed is not None and packed != b"".join(self._hashes[tile.level][tile.begin : tile.end]):
            self.story.add(None, "tile_differs", f"{tile.path} is not made of the entries.")
        return packed is not None

    def _read(self, tile: Tile) -> bytes | None:
        try:
            return self._log.read(tile)
        except TileUnknownError:
            self.story.add(None, "tile_missing", f"{tile.path} is missing.")
            return None
