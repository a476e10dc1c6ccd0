"""How fast a gallery is searched, and what the fast ways miss: galleries of several sizes, one query and many."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.alternation import alternate, ratio
from benchmarks.benchmark import Context, Plot, Progress, Result, Table, Target
from benchmarks.datasets.lfw import Lfw
from benchmarks.embedding_model import EmbeddingModel, Floats, Whole
from benchmarks.operating_point import gather
from benchmarks.search_contestants import CONTESTANTS, Contestant, threads
from benchmarks.spread import spread
from matcher.recognition.pipeline import load_recogniser

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEED = 7
SHORTLIST = 50
"""As many as an identification brings forward."""

REFERENCES_EACH = 3
BATCH = 64
LET_THROUGH = (1.0, 0.1, 0.01)
QUANTILES = (1, 5, 50, 95, 99)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much of everything. probes: mated ones, each of another subject; as many non-mated are timed with them."""

    sizes: tuple[int, ...]
    probes: int
    rounds: int
    every_pair: int


QUICK = Plan(sizes=(3_000,), probes=200, rounds=3, every_pair=8)
FULL = Plan(sizes=(10_000, 100_000, 1_000_000), probes=2_000, rounds=9, every_pair=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One gallery and its probes. whose: each vector's subject; mated: each mated probe's. masks: by share of subjects
    let through; a recall counts only the probes whose own subject is."""

    vectors: Floats
    whose: Whole
    probes: Floats
    mated: Whole
    strangers: Floats
    masks: Mapping[float, NDArray[np.bool_] | None]


class SearchBenchmark:
    """See `benchmarks.benchmark.Benchmark`."""

    name = "search"
    summary = "Galleries drawn from a model of LFW view 1's embeddings: speed, memory and mated recall of each index"

    def run(self, context: Context) -> Result:
        """Fits the model, draws each gallery, and lets the contestants search it by turns."""
        plan = QUICK if context.quick else FULL
        lfw = Lfw(context.data)
        pairs = [*lfw.view1_train(), *lfw.view1_test()][:: plan.every_pair]
        samples = gather(load_recogniser(threads=2), pairs, context)
        model = EmbeddingModel.fit(samples.sface, samples.person)
        sizes = {size: _measured(draw(model, size, plan.probes), plan, context.progress) for size in plan.sizes}
        largest = sizes[plan.sizes[-1]]
        return Result(
            figures={
                "shortlist": SHORTLIST,
                "references_each": REFERENCES_EACH,
                "likeness": _likeness(model, samples.sface, samples.person),
                "sizes": {str(size): figures for size, figures in sizes.items()},
            },
            tables=[_table(size, figures) for size, figures in sizes.items()],
            plots=[Plot(name="recall", draw=lambda figure: _draw(figure, largest))],
            targets=_targets(largest, plan.sizes[-1]),
        )


def draw(model: EmbeddingModel, size: int, probes: int) -> Trial:
    """A gallery of about `size` references, with new pictures of some of its subjects and of strangers."""
    count = size // REFERENCES_EACH
    people = model.subjects(count, seed=SEED)
    whose = np.repeat(np.arange(count), REFERENCES_EACH)
    random = np.random.default_rng(SEED)
    mated = random.choice(count, min(probes, count), replace=False)
    strangers = model.subjects(len(mated), seed=SEED + 1)
    return Trial(
        vectors=model.templates(people, whose, seed=SEED),
        whose=whose,
        probes=model.templates(people, mated, seed=SEED + 2),
        mated=mated,
        strangers=model.templates(strangers, np.arange(len(mated)), seed=SEED + 3),
        masks={share: None if share == 1 else _mask(random, whose, count, share) for share in LET_THROUGH},
    )


def _mask(random: np.random.Generator, whose: Whole, count: int, share: float) -> NDArray[np.bool_]:
    let_through: NDArray[np.bool_] = (random.random(count) < share)[whose]
    return let_through


def _measured(trial: Trial, plan: Plan, progress: Progress) -> dict[str, Any]:
    built: dict[str, Contestant] = {}
    building: dict[str, float] = {}
    with progress.step(f"building, {len(trial.vectors):,}", total=len(CONTESTANTS)) as advance:
        for name, make in CONTESTANTS.items():
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
        }
        for name, one in built.items()
    }


def _single(built: Mapping[str, Contestant], trial: Trial, progress: Progress) -> dict[str, list[float]]:
    """Seconds of each single query, mated and not, every contestant with the same query in turn."""
    queries = np.stack([trial.probes, trial.strangers], axis=1).reshape(-1, 1, trial.probes.shape[1])[: 2 * 200]
    times: dict[str, list[float]] = {name: [] for name in built}
    with progress.step("single queries", total=len(queries)) as advance:
        for query in queries:
            for name, one in built.items():
                began = time.perf_counter()
                one.search(query, SHORTLIST, None)
                times[name].append(time.perf_counter() - began)
            advance(1)
    return times


def _recalls(built: Mapping[str, Contestant], trial: Trial, progress: Progress) -> dict[str, dict[str, Any]]:
    """Of the subjects whom the exact first contestant brings forward, how many each brings forward too."""
    recalls: dict[str, dict[str, Any]] = {name: {} for name in built}
    threads(2)
    with progress.step("recall", total=len(trial.masks) * len(built)) as advance:
        for share, mask in trial.masks.items():
            exact = None
            for name, one in built.items():
                found = _brought(one, trial, mask)
                exact = found if exact is None else exact
                kept, of = int((found & exact).sum()), int(exact.sum())
                recalls[name][str(share)] = {"found": kept, "of": of, "recall": kept / of if of else None}
                advance(1)
    threads(1)
    return recalls


def _brought(one: Contestant, trial: Trial, mask: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    parts = [
        one.search(trial.probes[begin : begin + BATCH], SHORTLIST, mask) for begin in range(0, len(trial.probes), BATCH)
    ]
    places = np.concatenate(parts)
    found: NDArray[np.bool_] = ((trial.whose[places] == trial.mated[:, None]) & (places >= 0)).any(axis=1)
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
        columns=("index", "build", "memory", "one query p50 / p99", "batch", "mated recall at 100 / 10 / 1 %"),
        rows=[
            (
                name,
                f"{one['build_seconds']:.1f} s",
                f"{one['bytes'] / 2**20:,.0f} MiB",
                f"{one['single_seconds']['p50'] * 1000:.2f} / {one['single_seconds']['p99'] * 1000:.2f} ms "
                f"({one['single_times_first']:.1f} ×)",
                f"{one['batch_seconds_a_query']['p50'] * 1000:.2f} ms ({one['batch_times_first']:.1f} ×)",
                " / ".join(_recall(one["mated_recall"][str(share)]) for share in LET_THROUGH),
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
    best, exact = good[name], figures["NumPy, blocked product"]
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
        ),
        Target(
            aim="exact search in batches ≥ 5 × FAISS Flat's throughput",
            measured=f"{exact['batch_times_first']:.1f} ×",
            met=exact["batch_times_first"] >= 5,
        ),
    )


def _draw(figure: "Figure", figures: Mapping[str, Any]) -> None:
    axes = figure.subplots()
    for name, one in figures.items():
        axes.scatter(one["single_seconds"]["p50"] * 1000, one["mated_recall"]["1.0"]["recall"], label=name)
    axes.set(xlabel="one query, p50, ms", ylabel="mated recall against exact search", xscale="log")
    axes.legend()
