"""Shards of all kinds with made-up templates in them, for tests of what each of them keeps to."""

import pickle
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from matcher.columns.selection import Selection
from matcher.columns.vectors import Numbers
from matcher.index.local_shard import LocalShard
from matcher.index.merged_shards import MergedShards
from matcher.index.shard import ScoredReferences, Shard
from matcher.index.share import Share
from matcher.people.change import AddedReferences, Change
from matcher.people.records import template_context
from matcher.people.template_source import TemplateSource
from matcher.people.unsealing import BLOCK, LoadedReferences
from matcher.recognition.fusion import Fusion, Metric, Part
from matcher.recognition.packed_template import packed
from matcher.recognition.template import Template
from matcher.store.sealing import SealingKey

DIGEST = "ab" * 32
WIDTH = 8
FUSION = Fusion(
    parts=(
        Part(embedder="one", dimension=WIDTH, metric=Metric.COSINE),
        Part(embedder="other", dimension=2, metric=Metric.EUCLIDEAN, weight=0.5, longest=10),
    )
)


def local(count: int = 1, place: int = 0) -> LocalShard:
    return LocalShard(FUSION, model_digest=DIGEST, share=Share(place=place, count=count))


def merged(count: int) -> MergedShards:
    return MergedShards([local(count, place) for place in range(count)], FUSION)


class Distant:
    """A shard behind a border that only plain values cross: each is pickled on its way in, and on its way out."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard

    @property
    def revision(self) -> int:
        return self._shard.revision

    def load(self, source: TemplateSource) -> Iterator[LoadedReferences]:
        yield from map(carried, self._shard.load(carried(source)))

    def apply(self, change: Change) -> None:
        self._shard.apply(carried(change))

    def search(
        self, probes: Sequence[Template], scope: Selection, k: int, *, revision: int
    ) -> Sequence[ScoredReferences]:
        found: Sequence[ScoredReferences] = self._asked("search", probes, scope, k, revision=revision)
        return found

    def compare(self, probe: Template, numbers: Numbers, *, revision: int) -> ScoredReferences:
        found: ScoredReferences = self._asked("compare", probe, numbers, revision=revision)
        return found

    def close(self) -> None:
        self._shard.close()

    def _asked(self, name: str, *asked: Any, revision: int) -> Any:
        try:
            return carried(getattr(self._shard, name)(*carried(asked), revision=revision))
        except Exception as error:
            raise carried(error) from error


def carried(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


KINDS: dict[str, Callable[[], Shard]] = {
    "local": local,
    "three merged": lambda: merged(3),
    "distant": lambda: Distant(local()),
    "two distant merged": lambda: MergedShards([Distant(local(2, 0)), Distant(local(2, 1))], FUSION),
}


def template(one: Sequence[float], other: Sequence[float] = (0, 0)) -> Template:
    vectors = {"one": np.array(one, dtype=np.float32), "other": np.array(other, dtype=np.float32)}
    return Template(model_digest=DIGEST, vectors=vectors)


def drawn(seed: int) -> Template:
    """Another one for each seed."""
    random = np.random.default_rng(seed)
    one = random.normal(size=WIDTH)
    return template((one / np.linalg.norm(one)).tolist(), random.normal(size=2).tolist())


def subject(number: int) -> str:
    """The id of a subject."""
    return str(uuid.UUID(int=(number + 1) << 96, version=4))


def number_of(place: int) -> int:
    """Reference numbers that lie in different blocks, a few in each: one after the other goes to the next shard."""
    return place % 4 * BLOCK + place // 4


def added(
    revision: int, subject_id: str, references: dict[int, Template], *, model_digest: str = DIGEST, key: bytes = b""
) -> Change:
    """The change that adds these references of a subject. key: another one than what they are sealed with."""
    own = SealingKey.generate()
    ids = [str(uuid.uuid4()) for _ in references]
    sealed = [
        own.seal(packed(one), context=template_context(id_, model_digest))
        for id_, one in zip(ids, references.values(), strict=True)
    ]
    return Change(
        revision=revision,
        subject_id=subject_id,
        added=AddedReferences(
            numbers=np.array(list(references), dtype=np.int64),
            ids=ids,
            model_digest=model_digest,
            sealed=sealed,
            key=key or own.exported(),
        ),
    )


def everything() -> Selection:
    return Selection.of(range(4 * BLOCK))
