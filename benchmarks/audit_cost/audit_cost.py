"""The time that the durable log adds to an identification: the same searches with and without it, alternating."""

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.audit_cost.audit_cost_load import Asked, Timings, ask
from benchmarks.audit_cost.audit_cost_report import plot, tables, targets
from benchmarks.audit_cost.audit_cost_stages import stages
from benchmarks.audit_cost.audit_cost_world import QUERY, LogAlone, SearchAlone, World, fill, open_world
from benchmarks.harness.benchmark import Advance, Context, Plot, Progress, Result
from benchmarks.harness.errors import MeasurementError
from matcher.audit.auditor import audit
from matcher.audit.report import LogReport
from matcher.audit.verification import verify_log
from matcher.log.stored_publication import StoredPublication
from matcher.tlog.export import ExportedLog
from matcher.tlog.note import Verifier

SEED = 4
CLIENTS = (1, 8)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """entries: the log's lengths. seconds: of each turn. rounds: turns that count, after one that does not."""

    references: int
    entries: tuple[int, ...]
    rounds: int
    seconds: float


QUICK = Plan(references=100, entries=(0, 10_000), rounds=2, seconds=0.4)
FULL = Plan(references=1_000, entries=(0, 1_000_000), rounds=3, seconds=2.0)


class AuditCostBenchmark:
    """See `benchmarks.harness.benchmark.Benchmark`."""

    name = "audit-cost"
    summary = "what the durable log adds to an identification, empty and long, with one client and with eight"

    def run(self, context: Context) -> Result:
        """Searches alternately with and without the log, times the parts of a log entry, and verifies the whole log."""
        plan = QUICK if context.quick else FULL
        context.out.mkdir(parents=True, exist_ok=True)
        # Not the system's folder for temporary files: that may be memory, where an fsync costs nothing.
        with (
            tempfile.TemporaryDirectory(prefix="audit-cost-", dir=context.out.absolute()) as folder,
            open_world(
                Path(folder, "data"), context.progress, references=plan.references, probes=plan.references, seed=SEED
            ) as world,
        ):
            runs = []
            for entries in plan.entries:
                fill(world, entries, context.progress)
                runs += [_compare(world, plan, entries, clients, context.progress) for clients in CLIENTS]
            parts = stages(world, context.progress, rounds=20 if context.quick else 200)
            verified = _verify(world, context.progress)
            audited = _audited(world, Path(folder, "export"), context.progress)
        figures = {
            "references": plan.references,
            "runs": runs,
            "stages_ms": parts,
            "verified_entries": verified,
            "offline_audit": audited,
        }
        return Result(
            figures=figures,
            tables=tables(runs, parts),
            plots=[
                Plot(
                    name="latency",
                    draw=plot(runs),
                    caption="How long searches took, with the log and without. p50: half took at most this long; p95 "
                    "and p99: so did 95 and 99 of 100. Lower is better.",
                )
            ],
            targets=targets(runs, parts, audited),
        )


def _compare(world: World, plan: Plan, entries: int, clients: int, progress: Progress) -> Mapping[str, Any]:
    """One client count at one length: turns with the log and without it."""
    contestants: Mapping[str, Asked] = {
        "logged": world.matcher.identifier,
        "search": SearchAlone.of(world.matcher),
        "log": LogAlone(world.matcher),
    }
    results = {name: Timings() for name in contestants}
    written = groups = 0
    with progress.step(
        f"{entries:,} entries, {clients} clients", total=len(contestants) * (plan.rounds + 1)
    ) as advance:
        for turn in range(plan.rounds + 1):
            for name, identifier in contestants.items():
                size, transactions = world.matcher.log.size(), world.matcher.log.transactions
                timings = ask(identifier, world.probes, QUERY, clients=clients, seconds=plan.seconds)
                advance(1)
                if turn == 0:
                    continue
                results[name].seconds += timings.seconds
                results[name].rates += timings.rates
                if name == "logged":
                    written += world.matcher.log.size() - size
                    groups += world.matcher.log.transactions - transactions
    logged, search = results["logged"], results["search"]
    return {
        "entries": entries,
        "clients": clients,
        "entries_a_transaction": written / groups,
        "logged": _figures(logged),
        "search": _figures(search),
        "log": _figures(results["log"]),
        "added_p50_ms": logged.milliseconds(50) - search.milliseconds(50),
        "added_p95_ms": logged.milliseconds(95) - search.milliseconds(95),
    }


def _figures(timings: Timings) -> Mapping[str, Any]:
    return {
        "identifications": len(timings.seconds),
        "per_second": timings.rate,
        "per_second_by_turn": timings.rates,
        **{f"p{percent}_ms": timings.milliseconds(percent) for percent in (50, 95, 99)},
    }


def _verify(world: World, progress: Progress) -> int:
    """Verifies the log; returns the number of entries. Raises MeasurementError if there is a problem."""
    log = world.matcher.log
    with progress.step("verifying", total=log.size()) as advance:
        report = verify_log(world.matcher.database, log.verifier_key, progress=_steps(advance))
    return _sound(report)


def _audited(world: World, folder: Path, progress: Progress) -> Mapping[str, float]:
    """Exports the log, and checks the export alone, as an auditor does."""
    log, verifier = world.matcher.log, Verifier.parse(world.matcher.log.verifier_key)
    export = ExportedLog(folder)
    with progress.step("exporting") as advance:
        began = time.monotonic()
        export.extend(StoredPublication(world.matcher.database), _steps(advance))
        exported = time.monotonic()
    with progress.step("auditing the export", total=log.size()) as advance:
        entries = _sound(audit(export, verifier, progress=_steps(advance)))
    return {
        "entries": entries,
        "export_seconds": exported - began,
        "audit_seconds": time.monotonic() - exported,
    }


def _steps(advance: Advance) -> Callable[[int, int], None]:
    """Converts progress totals into the increments of a progress bar."""
    done = 0

    def on(now: int, _of: int) -> None:
        nonlocal done
        advance(now - done)
        done = now

    return on


def _sound(report: LogReport) -> int:
    if not report.verified:
        raise MeasurementError(
            f"The log does not verify: {report.problems[0].message}", remedy="This is a fault in Clearglass: report it."
        )
    return report.entries
