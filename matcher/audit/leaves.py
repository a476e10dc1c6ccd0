"""The entries of a published log, read in their order, and only if they are the ones that its checkpoint covers."""

from collections.abc import Iterator
from itertools import takewhile

from matcher.log.errors import LogChangedError
from matcher.tlog.bundle import unpack_bundle
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.merkle import Frontier, leaf_hash
from matcher.tlog.progress import Progress
from matcher.tlog.publication import Publication
from matcher.tlog.tile import tiles


def leaves(log: Publication, checkpoint: Checkpoint, progress: Progress | None = None) -> Iterator[bytes]:
    """Every leaf, from the first. Raises LogChangedError, at the latest after the last leaf, and the errors of reading.
    The checkpoint's signature is not checked here: `auditor.audit` does that.
    """
    frontier = Frontier()
    for tile in takewhile(lambda tile: tile.level is None, tiles(checkpoint.size)):
        try:
            bundle = unpack_bundle(log.read(tile), tile.width)
        except ValueError as error:
            raise LogChangedError(f"{tile.path} is {error}.") from error
        for leaf in bundle:
            frontier = frontier.append(leaf_hash(leaf))
            yield leaf
        if progress is not None:
            progress(tile.end, checkpoint.size)
    if frontier.root() != checkpoint.root:
        raise LogChangedError("The entries do not hash to the root of the log's checkpoint.")
