"""Speed and recall of searches of a gallery: several sizes, single queries and batches."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.accuracy.extractor import SFACE
from benchmarks.accuracy.templates import extract
from benchmarks.accuracy.view1 import view1
from benchmarks.datasets.lfw import Lfw, person_of
from benchmarks.harness.benchmark import Context, Plot, Result, Target
from benchmarks.harness.embedding_model import EmbeddingModel, Floats, Whole
from benchmarks.search.search_contestants import CONTESTANTS, OWN
from benchmarks.search.search_measures import Plan, measured
from benchmarks.search.search_report import changes_table, draw_recall, filter_target, huge_target, size_table, targets
from benchmarks.search.search_trial import REFERENCES_EACH, draw, likeness
from matcher.search.shortlist import SHORTLIST_LENGTH

QUICK = Plan(contestants=CONTESTANTS, sizes=(3_000,), probes=200, rounds=3, every_pair=20)
FULL = Plan(contestants=CONTESTANTS, sizes=(10_000, 100_000, 1_000_000), probes=2_000, rounds=9, every_pair=1)
HUGE_QUICK = replace(QUICK, contestants=OWN)
HUGE_FULL = replace(FULL, contestants=OWN, sizes=(10_000_000,))


class SearchBenchmark:
    """See `benchmarks.harness.benchmark.Benchmark`."""

    name = "search"
    summary = "Galleries drawn from a model of LFW view 1's embeddings: speed, memory and mated recall of each index"
    quick, full = QUICK, FULL

    def run(self, context: Context) -> Result:
        """Fits the model, draws each gallery, and lets the contestants search it by turns."""
        plan = self.quick if context.quick else self.full
        lfw = Lfw(context.data)
        vectors, person = _real(lfw, plan.every_pair, context)
        model = EmbeddingModel.fit(vectors, person)
        sizes = {size: measured(draw(model, size, plan.probes), plan, context.progress) for size in plan.sizes}
        largest = max(sizes)
        return Result(
            figures={
                "shortlist": SHORTLIST_LENGTH,
                "references_each": REFERENCES_EACH,
                "likeness": likeness(model, vectors, person),
                "sizes": {str(size): figures for size, figures in sizes.items()},
            },
            tables=[*(size_table(size, figures) for size, figures in sizes.items()), changes_table(sizes)],
            plots=[
                Plot(
                    name="recall",
                    draw=lambda figure: draw_recall(figure, sizes[largest]),
                    caption="How many people each kind of index finds of those that a search of everything finds, by "
                    "how long one search takes. Upper left is better.",
                )
            ],
            targets=[*self.targets(sizes[largest], largest), *map(filter_target, sizes, sizes.values())],
        )

    def targets(self, figures: Mapping[str, Any], size: int) -> Sequence[Target]:
        """The targets for the largest gallery."""
        return targets(figures, size)


class HugeSearchBenchmark(SearchBenchmark):
    """The size of a gallery beside which the other contestants do not fit into memory."""

    name = "search-huge"
    summary = "The same with ten million references, by the house's own indexes alone"
    quick, full = HUGE_QUICK, HUGE_FULL

    def targets(self, figures: Mapping[str, Any], size: int) -> Sequence[Target]:
        """See SearchBenchmark."""
        return (huge_target(figures, size),)


def _real(lfw: Lfw, every_pair: int, context: Context) -> tuple[Floats, Whole]:
    """SFace's vectors of pictures of view 1, and the person on each."""
    pairs = view1(lfw)[::every_pair]
    templates = extract(lfw, sorted({name for pair in pairs for name in (pair.probe, pair.reference)}), context)
    people = [person_of(name) for name, found in zip(templates.names, templates.found, strict=True) if found]
    _, person = np.unique(people, return_inverse=True)
    return templates.vectors[SFACE][templates.found], person.astype(np.int64)
