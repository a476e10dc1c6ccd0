"""The measures of each contestant in one gallery: building, memory, single queries, batches, changes, recall."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.alternation import alternate, ratio
from benchmarks.harness.benchmark import Progress
from benchmarks.harness.embedding_model import Floats
from benchmarks.harness.spread import spread
from benchmarks.search.search_contestants import Contestant, Own, threads
from benchmarks.search.search_trial import REFERENCES_EACH, SEED, Asked, Trial
from matcher.search.shortlist import SHORTLIST_LENGTH

BATCH = 64
ROW = 20
"""Single queries of one contestant in a row, as in service, before the next contestant's turn."""

CHANGED = 5


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The extent of the measurement. probes: mated ones, each of another subject; the same number of non-mated ones is
    timed with them."""

    contestants: Mapping[str, Callable[[Floats], Contestant]]
    sizes: tuple[int, ...]
    probes: int
    rounds: int
    every_pair: int


def measured(trial: Trial, plan: Plan, progress: Progress) -> dict[str, Any]:
    """Each contestant's figures, in a gallery that all of them hold at once."""
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
        calls = {name: (lambda one=one: one.search(batch, SHORTLIST_LENGTH, None)) for name, one in built.items()}
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
                    one.search(query, SHORTLIST_LENGTH, None)
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
    """The recall of each contestant: the share of the subjects found by the exact first contestant that it finds too.
    By the share of subjects in scope; and with all in scope, for each reference by itself, since a person enrolled with
    one picture has only one chance.
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
    """(probes, REFERENCES_EACH) true for the references of the probe's own subject that are found."""
    blocks = [asked.probes[begin : begin + BATCH] for begin in range(0, len(asked.probes), BATCH)]
    places = np.concatenate([one.search(block, SHORTLIST_LENGTH, asked.mask) for block in blocks])
    own = asked.mated[:, None] * REFERENCES_EACH + np.arange(REFERENCES_EACH)
    found: NDArray[np.bool_] = (places[:, :, None] == own[:, None, :]).any(axis=1)
    return found
