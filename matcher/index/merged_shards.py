"""Several shards as one."""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from matcher.columns.selection import Selection
from matcher.columns.vectors import Numbers
from matcher.index.shard import ScoredReferences, Shard
from matcher.people.change import Change
from matcher.people.template_source import TemplateSource
from matcher.people.unsealing import LoadedReferences
from matcher.recognition.fusion import Dissimilarities, Fusion
from matcher.recognition.template import Template


class MergedShards:
    """A Shard that passes each change to several others and merges their answers.

    As long as all of them search exactly, it answers as one exact shard with all references does.
    """

    def __init__(self, shards: Sequence[Shard], fusion: Fusion) -> None:
        """shards: one or more, which together have all shares. fusion: theirs."""
        self._shards = tuple(shards)
        self._searched = fusion.searched.embedder

    @property
    def revision(self) -> int:
        """See Shard. The revision that all of them have reached."""
        return min(shard.revision for shard in self._shards)

    def load(self, source: TemplateSource) -> Iterator[LoadedReferences]:
        """See TemplateFollower."""
        return chain.from_iterable(shard.load(source) for shard in self._shards)

    def apply(self, change: Change) -> None:
        """See Follower. If one fails, those before it have applied the change; they get it a second time."""
        for shard in self._shards:
            shard.apply(change)

    def search(
        self, probes: Sequence[Template], scope: Selection, k: int, *, revision: int
    ) -> Sequence[ScoredReferences]:
        """See Shard. Of references that are equally near, those with lower numbers come first."""
        answers = [shard.search(probes, scope, k, revision=revision) for shard in self._shards]
        return [self._nearest(_joined(each), k) for each in zip(*answers, strict=True)]

    def compare(self, probe: Template, numbers: Numbers, *, revision: int) -> ScoredReferences:
        """See Comparer."""
        found = _joined([shard.compare(probe, numbers, revision=revision) for shard in self._shards])
        place = {number: at for at, number in enumerate(numbers.tolist())}
        order = np.argsort([place[number] for number in found.numbers.tolist()])
        return found.at(order)

    def close(self) -> None:
        """See Shard."""
        for shard in self._shards:
            shard.close()

    def _nearest(self, found: ScoredReferences, k: int) -> ScoredReferences:
        return found.at(np.lexsort((found.numbers, found.dissimilarities.scores[self._searched]))[:k])


def _joined(parts: Sequence[ScoredReferences]) -> ScoredReferences:
    each = [part.dissimilarities for part in parts]
    scores = {name: np.concatenate([one.scores[name] for one in each]) for name in each[0].scores}
    return ScoredReferences(
        numbers=np.concatenate([part.numbers for part in parts]),
        subjects=np.concatenate([part.subjects for part in parts]),
        dissimilarities=Dissimilarities(fused=np.concatenate([one.fused for one in each]), scores=scores),
    )
