"""The tables of the audit-cost figures."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.audit_cost.audit_cost_stages import RECEIPT
from benchmarks.harness.benchmark import Table, Target

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ADDED_MS = 5.0
MOST_RECEIPT_MS = 10.0
LEAST_RATE = 1000.0
MOST_AUDIT_SECONDS = 60.0
_CONTESTANTS = {"logged": "with the log", "search": "search alone", "log": "log alone"}

Runs = Sequence[Mapping[str, Any]]


def tables(runs: Runs, stages: Mapping[str, float]) -> list[Table]:
    """Tables by length and clients; the log's addition; and the parts alone."""
    return [
        Table(
            title="Identifications with the durable log, the same searches alone, the log alone",
            columns=("entries", "clients", "", "/ s", "p50 ms", "p95 ms", "p99 ms"),
            rows=[_row(run, key, label) for run in runs for key, label in _CONTESTANTS.items()],
        ),
        Table(
            title="What the log adds",
            columns=("entries", "clients", "p50 ms", "p95 ms", "entries a transaction"),
            rows=[
                [
                    *_at(run),
                    f"{run['added_p50_ms']:.2f}",
                    f"{run['added_p95_ms']:.2f}",
                    f"{run['entries_a_transaction']:.1f}",
                ]
                for run in runs
            ],
        ),
        Table(
            title="The parts alone",
            columns=("part", "ms, median"),
            rows=[[name, f"{value:.3f}"] for name, value in stages.items()],
        ),
    ]


def targets(runs: Runs, stages: Mapping[str, float], audited: Mapping[str, float]) -> list[Target]:
    """All at the longest log. audited: the time of the check of its export."""
    longest = max(run["entries"] for run in runs)
    at = {run["clients"]: run for run in runs if run["entries"] == longest}
    one, many = at[min(at)], at[max(at)]
    added, rate, alone = one["added_p95_ms"], many["logged"]["per_second"], many["search"]["per_second"]
    log = many["log"]["per_second"]
    slow = rate < LEAST_RATE
    return [
        Target(
            aim=f"the log adds at most {MOST_ADDED_MS:.0f} ms at p95 to an identification",
            measured=f"{added:.2f} ms at {longest:,} entries; {many['added_p95_ms']:.2f} ms with {max(at)} clients",
            met=added <= MOST_ADDED_MS,
        ),
        Target(
            aim=f"at least {LEAST_RATE:,.0f} audited identifications a second with {max(at)} clients",
            measured=f"{rate:,.0f} at {longest:,} entries",
            met=not slow,
            why_not=f"a second: the search without a log {alone:,.0f}, the log without a search {log:,.0f}"
            if slow
            else "",
        ),
        Target(
            aim=f"an entry's receipt, its inclusion proof in it, in at most {MOST_RECEIPT_MS:.0f} ms",
            measured=f"{stages[RECEIPT]:.2f} ms at {longest:,} entries",
            met=stages[RECEIPT] <= MOST_RECEIPT_MS,
        ),
        Target(
            aim=f"everything recomputed from the export alone in at most {MOST_AUDIT_SECONDS:.0f} s",
            measured=f"{audited['audit_seconds']:.1f} s for {audited['entries']:,} entries",
            met=audited["audit_seconds"] <= MOST_AUDIT_SECONDS,
        ),
    ]


def plot(runs: Runs) -> "Callable[[Figure], None]":
    """Latency percentiles, with the log and without."""

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        labels = [f"{run['entries']:,} entries\n{run['clients']} client{'s' * (run['clients'] > 1)}" for run in runs]
        width = 0.4
        for offset, (key, label) in enumerate((("search", "search alone"), ("logged", "with the log"))):
            places = [at + (offset - 0.5) * width for at in range(len(runs))]
            bottoms = [0.0] * len(runs)
            for percent, alpha in ((50, 1.0), (95, 0.6), (99, 0.3)):
                tops = [run[key][f"p{percent}_ms"] for run in runs]
                axes.bar(
                    places,
                    [top - bottom for top, bottom in zip(tops, bottoms, strict=True)],
                    width * 0.95,
                    bottom=bottoms,
                    color=f"C{offset}",
                    alpha=alpha,
                    label=f"{label}, p{percent}",
                )
                bottoms = tops
        axes.set_xticks(range(len(runs)), labels)
        axes.set_ylabel("milliseconds an identification")
        axes.legend()

    return draw


def _row(run: Mapping[str, Any], key: str, label: str) -> list[str]:
    figures = run[key]
    latencies = [f"{figures[f'p{percent}_ms']:.2f}" for percent in (50, 95, 99)]
    return [*_at(run), label, f"{figures['per_second']:,.0f}", *latencies]


def _at(run: Mapping[str, Any]) -> list[str]:
    return [f"{run['entries']:,}", str(run["clients"])]
