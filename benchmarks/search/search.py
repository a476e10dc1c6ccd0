"""How fast a gallery is searched, and what the fast ways miss: galleries of several sizes, one query and many."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.extractor import SFACE
from benchmarks.accuracy.templates import extract
from benchmarks.accuracy.view1 import view1
from benchmarks.datasets.lfw import Lfw, person_of
from benchmarks.harness.alternation import alternate, ratio
from benchmarks.harness.benchmark import Context, Plot, Progress, Result, Table, Target
from benchmarks.harness.embedding_model import EmbeddingModel, Floats, Whole
from benchmarks.harness.spread import spread
from benchmarks.search.search_contestants import CELLS, CONTESTANTS, EXACT, FLAT, OWN, Contestant, Own, threads
from matcher.search.shortlist import SHORTLIST

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEED = 7
REFERENCES_EACH = 3
BATCH = 64
ROW = 20
"""So many single queries follow one another, as in service; then it is the next contestant's turn."""

CHANGED = 5
LET_THROUGH = (1.0, 0.1, 0.01)
QUANTILES = (1, 5, 50, 95, 99)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much of everything. probes: mated ones, each of another subject; as many non-mated are timed with them."""

    contestants: Mapping[str, Callable[[Floats], Contestant]]
    sizes: tuple[int, ...]
    probes: int
    rounds: int
    every_pair: int


QUICK = Plan(contestants=CONTESTANTS, sizes=(3_000,), probes=200, rounds=3, every_pair=8)
FULL = Plan(contestants=CONTESTANTS, sizes=(10_000, 100_000, 1_000_000), probes=2_000, rounds=9, every_pair=1)
HUGE_QUICK = replace(QUICK, contestants=OWN)
HUGE_FULL = replace(FULL, contestants=OWN, sizes=(10_000_000,))


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """New pictures of subjects who are let through. mated: whose. mask: which vectors are let through; None for all."""

    probes: Floats
    mated: Whole
    mask: NDArray[np.bool_] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One gallery and its probes. whose: each vector's subject. asked: by share of subjects let through."""

    vectors: Floats
    whose: Whole
    asked: Mapping[float, Asked]
    strangers: Floats

    @property
    def probes(self) -> Floats:
        """Those for whom all are let through."""
        return self.asked[1.0].probes


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
        sizes = {size: _measured(draw(model, size, plan.probes), plan, context.progress) for size in plan.sizes}
        largest = max(sizes)
        return Result(
            figures={
                "shortlist": SHORTLIST,
                "references_each": REFERENCES_EACH,
                "likeness": _likeness(model, vectors, person),
                "sizes": {str(size): figures for size, figures in sizes.items()},
            },
            tables=[*(_table(size, figures) for size, figures in sizes.items()), _changes_table(sizes)],
            plots=[
                Plot(
                    name="recall",
                    draw=lambda figure: _draw(figure, sizes[largest]),
                    caption="How many people each kind of index finds of those that a search of everything finds, by "
                    "how long one search takes. Upper left is better.",
                )
            ],
            targets=[*self.targets(sizes[largest], largest), *map(_filter_target, sizes, sizes.values())],
        )

    def targets(self, figures: Mapping[str, Any], size: int) -> Sequence[Target]:
        """What is aimed at in the largest gallery."""
        return _targets(figures, size)


class HugeSearchBenchmark(SearchBenchmark):
    """Of a gallery beside which the other contestants do not fit into memory."""

    name = "search-huge"
    summary = "The same with ten million references, by the house's own indexes alone"
    quick, full = HUGE_QUICK, HUGE_FULL

    def targets(self, figures: Mapping[str, Any], size: int) -> Sequence[Target]:
        """See SearchBenchmark."""
        return (_huge_target(figures, size),)


def _real(lfw: Lfw, every_pair: int, context: Context) -> tuple[Floats, Whole]:
    """SFace's vectors of pictures of view 1, and who is on each."""
    pairs = view1(lfw)[::every_pair]
    templates = extract(lfw, sorted({name for pair in pairs for name in (pair.probe, pair.reference)}), context)
    people = [person_of(name) for name, found in zip(templates.names, templates.found, strict=True) if found]
    _, person = np.unique(people, return_inverse=True)
    return templates.vectors[SFACE][templates.found], person.astype(np.int64)


def draw(model: EmbeddingModel, size: int, probes: int) -> Trial:
    """A gallery of about `size` references, with new pictures of some of its subjects and of strangers."""
    count = size // REFERENCES_EACH
    people = model.subjects(count, seed=SEED)
    whose = np.repeat(np.arange(count), REFERENCES_EACH)
    random = np.random.default_rng(SEED)
    asked = {}
    for step, share in enumerate(LET_THROUGH):
        let_through = random.random(count) < share
        inside = np.flatnonzero(let_through)
        mated = random.choice(inside, min(probes, len(inside)), replace=False)
        asked[share] = Asked(
            probes=model.templates(people, mated, seed=SEED + 2 + step),
            mated=mated,
            mask=None if share == 1 else let_through[whose],
        )
    most = len(asked[1.0].mated)
    return Trial(
        vectors=model.templates(people, whose, seed=SEED),
        whose=whose,
        asked=asked,
        strangers=model.templates(model.subjects(most, seed=SEED + 1), np.arange(most), seed=SEED + 1),
    )


def _measured(trial: Trial, plan: Plan, progress: Progress) -> dict[str, Any]:
    built: dict[str, Contestant] = {}
    building: dict[str, float] = {}
    with progress.step(f"building, {len(trial.vectors):,}", total=len(plan.contestants)) as advance:
        for name, make in plan.contestants.items():
            threads(2)
            began = time.perf_counter()
            built[name] = make(trial.vectors)
            building[name] = time.perf_counter() - began
            advance(1)
    threads(1)
    single = _single(built, trial, progress)
    with progress.step("batches", total=plan.rounds * len(built)) as advance:
        batch = trial.probes[:BATCH]
        calls = {name: (lambda one=one: one.search(batch, SHORTLIST, None)) for name, one in built.items()}
        batches = alternate(calls, rounds=plan.rounds, advance=advance)
    recalls = _recalls(built, trial, progress)
    first = next(iter(built))
    return {
        name: {
            "build_seconds": building[name],
            "bytes": one.bytes,
            "single_seconds": spread(single[name]),
            "single_times_first": ratio(single[first], single[name]),
            "batch_seconds_a_query": spread([seconds / len(batch) for seconds in batches[name]]),
            "batch_times_first": ratio(batches[first], batches[name]),
            "mated_recall": recalls[name],
            **(_changes(one, trial, plan.rounds) if isinstance(one, Own) else {}),
        }
        for name, one in built.items()
    }


def _single(built: Mapping[str, Contestant], trial: Trial, progress: Progress) -> dict[str, list[float]]:
    """Seconds of each single query, mated and not, every contestant with the same query in turn."""
    queries = np.stack([trial.probes, trial.strangers], axis=1).reshape(-1, 1, trial.probes.shape[1])[: 2 * 200]
    times: dict[str, list[float]] = {name: [] for name in built}
    with progress.step("single queries", total=len(queries)) as advance:
        for begin in range(0, len(queries), ROW):
            for name, one in built.items():
                for query in queries[begin : begin + ROW]:
                    began = time.perf_counter()
                    one.search(query, SHORTLIST, None)
                    times[name].append(time.perf_counter() - began)
            advance(ROW)
    return times


def _changes(one: Own, trial: Trial, rounds: int) -> dict[str, Any]:
    """Seconds to remove some references and to add them again."""
    numbers = np.random.default_rng(SEED).choice(len(trial.vectors), CHANGED, replace=False)
    calls = {
        "remove_seconds": lambda: one.index.remove(numbers),
        "add_seconds": lambda: one.index.add(numbers, trial.vectors[numbers]),
    }
    return {name: spread(seconds) for name, seconds in alternate(calls, rounds=rounds).items()}


def _recalls(built: Mapping[str, Contestant], trial: Trial, progress: Progress) -> dict[str, dict[str, Any]]:
    """Of the subjects whom the exact first contestant brings forward, how many each brings forward too.

    By the share that is let through; and, where all are, of each reference of theirs by itself: who is enrolled with
    one picture has no second chance.
    """
    recalls: dict[str, dict[str, Any]] = {name: {} for name in built}
    exact: dict[float, NDArray[np.bool_]] = {}
    threads(2)
    with progress.step("recall", total=len(trial.asked) * len(built)) as advance:
        for name, one in built.items():
            for share, asked in trial.asked.items():
                found = _brought(one, asked)
                kept = exact.setdefault(share, found)
                recalls[name][str(share)] = _counted(np.any(found, axis=1), np.any(kept, axis=1))
                if share == 1:
                    recalls[name]["each_reference"] = _counted(found, kept)
                advance(1)
    threads(1)
    return recalls


def _counted(found: NDArray[np.bool_], exact: NDArray[np.bool_]) -> dict[str, Any]:
    kept, of = int((found & exact).sum()), int(exact.sum())
    return {"found": kept, "of": of, "recall": kept / of if of else None}


def _brought(one: Contestant, asked: Asked) -> NDArray[np.bool_]:
    """(probes, REFERENCES_EACH) which references of the probe's own subject are brought forward."""
    blocks = [asked.probes[begin : begin + BATCH] for begin in range(0, len(asked.probes), BATCH)]
    places = np.concatenate([one.search(block, SHORTLIST, asked.mask) for block in blocks])
    own = asked.mated[:, None] * REFERENCES_EACH + np.arange(REFERENCES_EACH)
    found: NDArray[np.bool_] = (places[:, :, None] == own[:, None, :]).any(axis=1)
    return found


def _likeness(model: EmbeddingModel, vectors: Floats, person: Whole) -> dict[str, Any]:
    """Quantiles of the similarity of mated and of non-mated pairs, as drawn and as they really are."""
    count = 2_000
    drawn = model.templates(model.subjects(count, seed=SEED), np.repeat(np.arange(count), 2), seed=SEED)
    return {
        "quantiles": QUANTILES,
        "drawn": _pairs(drawn, np.repeat(np.arange(count), 2)),
        "real": _pairs(vectors, person),
    }


def _pairs(vectors: Floats, person: Whole) -> dict[str, list[float]]:
    rows, columns = np.triu_indices(len(vectors), 1)
    similar, same = (vectors @ vectors.T)[rows, columns], person[rows] == person[columns]
    return {
        name: [float(value) for value in np.percentile(similar[which], QUANTILES)]
        for name, which in (("mated", same), ("non_mated", ~same))
    }


def _table(size: int, figures: Mapping[str, Any]) -> Table:
    return Table(
        title=f"{size:,} references",
        columns=(
            "index",
            "build",
            "memory",
            "one query p50 / p99",
            "batch",
            "mated recall at 100 / 10 / 1 %",
            "of each reference",
        ),
        rows=[
            (
                name,
                f"{one['build_seconds']:.1f} s",
                f"{one['bytes'] / 2**20:,.0f} MiB",
                f"{one['single_seconds']['p50'] * 1000:.2f} / {one['single_seconds']['p99'] * 1000:.2f} ms "
                f"({one['single_times_first']:.1f} ×)",
                f"{one['batch_seconds_a_query']['p50'] * 1000:.2f} ms ({one['batch_times_first']:.1f} ×)",
                " / ".join(_recall(one["mated_recall"][str(share)]) for share in LET_THROUGH),
                _recall(one["mated_recall"]["each_reference"]),
            )
            for name, one in figures.items()
        ],
    )


def _recall(counted: Mapping[str, Any]) -> str:
    return "–" if counted["recall"] is None else f"{counted['recall']:.4f}"


def _targets(figures: Mapping[str, Any], size: int) -> Sequence[Target]:
    """The aims for one query, held against the fastest way that recalls enough, and for exact batches."""
    good = {name: one for name, one in figures.items() if one["mated_recall"]["1.0"]["recall"] >= 0.9995}
    name = min(good, key=lambda one: float(good[one]["single_seconds"]["p50"]))
    best, exact = good[name], figures[EXACT]
    p50, p99 = (best["single_seconds"][key] * 1000 for key in ("p50", "p99"))
    return (
        Target(
            aim=f"one query at {size:,} references: p50 ≤ 0.5 ms, p99 ≤ 2 ms, mated recall ≥ 0.9995",
            measured=f"{name}: {p50:.2f} / {p99:.2f} ms",
            met=p50 <= 0.5 and p99 <= 2,
        ),
        Target(
            aim="≥ 60 × faster than FAISS Flat in the same run",
            measured=f"{name}: {best['single_times_first']:.1f} ×",
            met=best["single_times_first"] >= 60,
            why_not="" if best["single_times_first"] >= 60 else _bandwidth(figures[FLAT]),
        ),
        Target(
            aim="exact search in batches ≥ 5 × FAISS Flat's throughput",
            measured=f"{exact['batch_times_first']:.1f} ×",
            met=exact["batch_times_first"] >= 5,
        ),
    )


def _bandwidth(flat: Mapping[str, Any]) -> str:
    """What the sixtieth part of Flat's time is, against what there is to be read in it."""
    seconds = flat["single_seconds"]["p50"]
    read = flat["bytes"] / seconds
    return (
        f"Flat reads {read / 1e9:.0f} GB/s, about what memory gives; a sixtieth of its time is "
        f"{seconds / 60 * 1000:.2f} ms, in which the codes of the cells that are looked into come from memory too"
    )


def _huge_target(figures: Mapping[str, Any], size: int) -> Target:
    one = figures[CELLS]
    p50, gib = one["single_seconds"]["p50"] * 1000, one["bytes"] / 2**30
    return Target(
        aim=f"one query at {size:,} references: p50 ≤ 2 ms in ≤ 4 GiB",
        measured=f"{p50:.2f} ms, {gib:.2f} GiB, mated recall {one['mated_recall']['1.0']['recall']:.4f}",
        met=p50 <= 2 and gib <= 4,
    )


def _filter_target(size: int, figures: Mapping[str, Any]) -> Target:
    counted = figures[CELLS]["mated_recall"]["0.01"]
    return Target(
        aim=f"{size:,} references, 1 % of the subjects let through: mated recall ≥ 0.9995",
        measured=f"{counted['found']} of {counted['of']}",
        met=counted["of"] > 0 and counted["found"] >= 0.9995 * counted["of"],
    )


def _changes_table(sizes: Mapping[int, Mapping[str, Any]]) -> Table:
    return Table(
        title=f"Removing and adding {CHANGED} references, median",
        columns=("references", "index", "removed in", "added in"),
        rows=[
            (f"{size:,}", name, *(f"{one[key]['p50'] * 1000:.2f} ms" for key in ("remove_seconds", "add_seconds")))
            for size, figures in sizes.items()
            for name, one in figures.items()
            if "add_seconds" in one
        ],
    )


def _draw(figure: "Figure", figures: Mapping[str, Any]) -> None:
    axes = figure.subplots()
    for place, (name, one) in enumerate(figures.items()):
        times, recall = one["single_seconds"]["p50"] * 1000, one["mated_recall"]["1.0"]["recall"]
        # A shape for each seven, for there are seven colours.
        axes.scatter(times, recall, marker="os^Dv"[place // 7 % 5], label=name)
    axes.set(xlabel="one query, p50, ms", ylabel="mated recall against exact search", xscale="log")
    axes.legend()
