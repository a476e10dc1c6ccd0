"""The shard in this process."""

from collections.abc import Iterator, Sequence
from itertools import compress, repeat

import numpy as np

from matcher.columns.selection import Selection
from matcher.columns.vectors import Numbers
from matcher.index.growing_index import EXACT_MOST, GrowingIndex
from matcher.index.shard import ScoredReferences, require_revision
from matcher.index.share import WHOLE, Share
from matcher.index.templates import KeptTemplates
from matcher.people.change import AddedReferences, Change
from matcher.people.template_source import TemplateSource
from matcher.people.unsealing import LoadedReferences, unseal
from matcher.recognition.fusion import Fusion
from matcher.recognition.template import Template
from matcher.store.sealing import SealingKey


class LocalShard:
    """A Shard. Templates and exact index share their rows; nothing outside of the shard sees these."""

    def __init__(
        self, fusion: Fusion, *, model_digest: str, share: Share = WHOLE, exact_most: int = EXACT_MOST
    ) -> None:
        """fusion: how templates are compared. model_digest: of the model that makes them; references of other models
        are passed over. exact_most: up to how many references everything is compared."""
        self._fusion = fusion
        self._searched = fusion.searched.embedder
        self._model_digest = model_digest
        self._share = share
        self._revision = 0
        self._templates = KeptTemplates(fusion.dimensions)
        self._index = GrowingIndex(exact_most=exact_most)
        self._index.start(self._templates.searched)

    @property
    def revision(self) -> int:
        """See Shard."""
        return self._revision

    def load(self, source: TemplateSource) -> Iterator[LoadedReferences]:
        """See TemplateFollower."""
        # Room for twice as many: the first enrolment after a start must not move them all.
        templates, blocks = KeptTemplates(self._fusion.dimensions, 2 * source.end), self._share.of(source.blocks)
        dimensions = self._fusion.dimensions
        for block in source.unsealed(blocks, model_digest=self._model_digest, dimensions=dimensions):
            templates.put(block.references.numbers, block.references.subjects, block.vectors)
            yield block.references
        self._templates = templates
        self._index.start(templates.searched)
        self._revision = source.revision

    def apply(self, change: Change) -> None:
        """See Follower. The shard itself knows which numbers a subject has: the database does not, after withdrawal."""
        if change.withdrawn:
            gone = self._templates.numbers_of(change.subject_id)
            self._index.remove(gone)
            self._templates.drop(gone)
        elif change.added is not None:
            self._add(change.subject_id, change.added)
        self._revision = change.revision

    def search(
        self, probes: Sequence[Template], scope: Selection, k: int, *, revision: int
    ) -> Sequence[ScoredReferences]:
        """See Shard."""
        require_revision(self._revision, revision)
        vectors = np.stack([probe.vectors[self._searched] for probe in probes], dtype=np.float32)
        found = self._index.search(vectors, k, allowed=scope).numbers
        return [self._scored(probe, numbers) for probe, numbers in zip(probes, found, strict=True)]

    def compare(self, probe: Template, numbers: Numbers, *, revision: int) -> ScoredReferences:
        """See Comparer."""
        require_revision(self._revision, revision)
        return self._scored(probe, numbers)

    def settle(self, timeout: float | None = None) -> None:
        """Waits until an index that is being built is ready. timeout: in seconds."""
        self._index.settle(timeout)

    def close(self) -> None:
        """See Shard."""
        self._index.close()

    def _add(self, subject_id: str, added: AddedReferences) -> None:
        key, digests = SealingKey(added.key), repeat(added.model_digest)
        rows = zip(added.numbers.tolist(), added.ids, repeat(subject_id), digests, added.sealed, strict=False)
        own = compress(rows, self._share.holds(added.numbers))
        opened = unseal(own, lambda _: key, self._model_digest, self._fusion.dimensions)
        numbers = opened.references.numbers
        self._templates.put(numbers, opened.references.subjects, opened.vectors)
        self._index.add(numbers, opened.vectors[:, : self._templates.searched.width])

    def _scored(self, probe: Template, numbers: Numbers) -> ScoredReferences:
        """Those of the numbers that it has, in their order."""
        templates = self._templates.of(numbers)
        return ScoredReferences(
            numbers=templates.numbers,
            subjects=templates.subjects,
            dissimilarities=self._fusion.compare_vectors(probe, templates.vectors),
        )
