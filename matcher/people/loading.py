"""Reads templates and consents into memory, at start."""

import gc
import logging
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path

from sqlalchemy import func, insert, select

from matcher.consent.scope import ConsentBook
from matcher.index.templates import KeptTemplates
from matcher.people import records
from matcher.people.unsealing import BLOCK, Unsealed, Unsealer
from matcher.people.unsealing_helper import HelperError, UnsealingHelper
from matcher.process.child_process import cores
from matcher.store import tables
from matcher.store.database import Database
from matcher.store.engine import driver
from matcher.store.sealing import MasterKey

_HELPED = 50_000
"""References up to which no helper is started: it would be ready after the work is done."""

_MOST_HELPERS = 4
"""More would wait: taking in what they opened takes a quarter of the time that opening it does."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Loaded:
    """A gallery in memory. stale: how many references were passed over because another model made them."""

    book: ConsentBook
    templates: KeptTemplates
    stale: int


def load(database: Database, master_key: MasterKey, *, model_digest: str, dimensions: Mapping[str, int]) -> Loaded:
    """Everybody who has not withdrawn, at the revision that the book has; writes nothing. Raises SealError.

    The gallery must have been begun (`begin`). dimensions: of that model's vectors, by embedder.
    """
    with _lasting(), database.reading() as connection:
        gallery = connection.execute(select(tables.gallery)).one()
        most = connection.execute(select(func.max(tables.reference.c.number))).scalar() or 0
        room = 2 * most + 1  # the first enrolment after a start shall not have to move them all
        book = ConsentBook(gallery.id, gallery.revision, capacity=room)
        templates = KeptTemplates(dimensions, room)
        blocks, stale = range(most // BLOCK + 1), 0
        own = partial(Unsealer, driver(connection), master_key, model_digest, dimensions)
        with _helpers(database.folder, master_key, model_digest, dimensions, blocks) as helpers:
            unsealed = _unsealed(helpers, own, blocks)
            # One after the other would keep the helpers waiting.
            for block, consents in zip_longest(unsealed, records.every_consent(connection)):
                if consents is not None:
                    book.update(gallery.revision, consents=consents)
                if block is not None:
                    templates.put(block.numbers, block.subjects, block.vectors)
                    named = zip(block.subjects, block.digests, strict=True)
                    references = dict(zip(block.numbers.tolist(), named, strict=True))
                    book.update(gallery.revision, references=references)
                    stale += block.stale
        return Loaded(book=book, templates=templates, stale=stale)


@contextmanager
def _lasting() -> Iterator[None]:
    """For what makes millions of objects that stay: they are not gone through for garbage, now or later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def begin(database: Database) -> None:
    """Gives the gallery its id and revision 0, where it has none yet."""
    with database.writing() as connection:
        if connection.execute(select(tables.gallery.c.id)).first() is None:
            connection.execute(insert(tables.gallery).values(id=str(uuid.uuid4()), revision=0))


@contextmanager
def _helpers(
    folder: Path, master_key: MasterKey, model_digest: str, dimensions: Mapping[str, int], blocks: range
) -> Iterator[list[UnsealingHelper]]:
    """One for each core, who share the blocks by turns; none where there are few, or where none can be started."""
    count = min(cores(), _MOST_HELPERS) if len(blocks) * BLOCK > _HELPED else 0
    with ExitStack() as stack:
        helpers = []
        for turn in range(count):
            try:
                own_blocks = blocks[turn::count]
                helper = UnsealingHelper.start(folder, master_key, model_digest, dimensions, own_blocks)
            except HelperError:
                _LOG.warning("No process could be started to help with a large gallery: starting takes longer.")
                break
            helpers.append(stack.enter_context(closing(helper)))
        yield helpers if len(helpers) == count else []


def _unsealed(helpers: Sequence[UnsealingHelper], own: Callable[[], Unsealer], blocks: range) -> Iterator[Unsealed]:
    """All blocks in order. From the first one on that a helper fails to open, they are opened here."""
    done = 0
    with suppress(HelperError):
        while helpers and done < len(blocks):
            block = helpers[done % len(helpers)].next()
            done += 1
            yield block
    if done < len(blocks):
        if helpers:
            _LOG.warning("A process that helped to open the gallery has ended or stands still: starting takes longer.")
        unsealer = own()
        for number in blocks[done:]:
            yield unsealer.block(number)
