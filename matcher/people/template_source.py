"""The sealed templates of a data folder, and the protocol of what loads and holds them."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from matcher.people.change import Follower
from matcher.people.unsealing import BLOCK, LoadedReferences, Unsealed, Unsealer
from matcher.people.unsealing_helper import HelperError, UnsealingHelper
from matcher.process.child_process import cores
from matcher.store.database import Database
from matcher.store.engine import driver
from matcher.store.sealing import MasterKey

_HELPED = 50_000
"""References up to which no helper is started: it would be ready after the work is done."""

_MOST_HELPERS = 4
"""More would wait: taking in what they opened takes a quarter of the time that opening it does."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TemplateSource:
    """Where the sealed templates are, and the key that opens them: plain values, which can go to another process.

    folder: the data folder. master_key: 32 bytes. revision: the gallery's; what is read is of this revision or a later
    one. end: all reference numbers are less than this.
    """

    folder: Path
    master_key: bytes = field(repr=False)
    revision: int
    end: int

    @property
    def blocks(self) -> range:
        """All blocks of reference numbers: block n begins with number n times BLOCK."""
        return range(-(-self.end // BLOCK))

    def unsealed(self, blocks: range, *, model_digest: str, dimensions: Mapping[str, int]) -> Iterator[Unsealed]:
        """Opens these blocks, in order; those of many references by a process for each core.

        model_digest: references of other models are counted only. dimensions: of that model's vectors, by embedder.
        Raises SealError, StoreError.
        """
        with _helpers(self, model_digest, dimensions, blocks) as helpers:
            done = 0
            with suppress(HelperError):
                while helpers and done < len(blocks):
                    block = helpers[done % len(helpers)].next()
                    done += 1
                    yield block
            if helpers and done < len(blocks):
                _LOG.warning("A process that helped to open the gallery has ended or stands still: it takes longer.")
        # From the first block on that a helper fails to open, they are opened here.
        if done < len(blocks):
            yield from self._unsealed_here(blocks[done:], model_digest, dimensions)

    def _unsealed_here(self, blocks: range, model_digest: str, dimensions: Mapping[str, int]) -> Iterator[Unsealed]:
        with closing(Database.open_read_only(self.folder)) as database, database.reading() as connection:
            unsealer = Unsealer(driver(connection), MasterKey(self.master_key), model_digest, dimensions)
            for number in blocks:
                yield unsealer.block(number)


class TemplateFollower(Follower, Protocol):
    """A follower that holds templates. The gallery starts it by `load`, and then passes it each change."""

    def load(self, source: TemplateSource) -> Iterator[LoadedReferences]:
        """Loads all templates in place of those that it holds, and yields for each block which references they are of.

        The follower has the source's revision once the iterator has ended. Raises SealError, StoreError.
        """
        ...


@contextmanager
def _helpers(
    source: TemplateSource, model_digest: str, dimensions: Mapping[str, int], blocks: range
) -> Iterator[Sequence[UnsealingHelper]]:
    """One for each core, who share the blocks by turns; none where there are few, or where none can be started."""
    count = min(cores(), _MOST_HELPERS) if len(blocks) * BLOCK > _HELPED else 0
    key = MasterKey(source.master_key)
    with ExitStack() as stack:
        helpers = []
        for turn in range(count):
            try:
                own = blocks[turn::count]
                helper = UnsealingHelper.start(source.folder, key, model_digest, dimensions, own)
            except HelperError:
                _LOG.warning("No process could be started to help with a large gallery: starting takes longer.")
                break
            helpers.append(stack.enter_context(closing(helper)))
        yield helpers if len(helpers) == count else []
