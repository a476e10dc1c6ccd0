"""Runs one benchmark and leaves its record: a table on the terminal, NAME.json and the plots beside it."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table as RichTable

from benchmarks.benchmark import Advance, Benchmark, Context, Plot, Result, Table, Target
from benchmarks.machine import describe_machine

TARGET_COLUMNS = ("target", "measured", "met", "what limits it")


class TerminalProgress:
    """Progress bars on standard error, so that standard output holds tables only."""

    def __init__(self, console: Console | None = None) -> None:
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
        )

    @contextmanager
    def step(self, description: str, total: float | None = None) -> Iterator[Advance]:
        """See `benchmarks.benchmark.Progress`. Steps may stand inside one another."""
        outermost = not self._bars.live.is_started
        if outermost:
            self._bars.start()
        task = self._bars.add_task(description, total=total)
        try:
            yield lambda amount: self._bars.advance(task, amount)
        finally:
            self._bars.stop_task(task)
            if outermost:
                self._bars.stop()
                for known in self._bars.task_ids:
                    self._bars.remove_task(known)


def run_benchmark(benchmark: Benchmark, context: Context, console: Console) -> Path:
    """Runs it, prints its tables and returns the path of its JSON record. The folder is made when it is not there."""
    folder = context.out
    folder.mkdir(parents=True, exist_ok=True)
    started_at = datetime.now(UTC)
    start = time.monotonic()
    result = benchmark.run(context)
    seconds = time.monotonic() - start
    record = folder / f"{benchmark.name}.json"
    record.write_text(
        json.dumps(_record(benchmark, context, result, started_at, seconds), indent=2, allow_nan=False) + "\n",
        encoding="utf-8",
    )
    for table in (*result.tables, *_targets_table(result.targets)):
        console.print(_rich_table(table))
    for plot in result.plots:
        save_plot(plot, folder / _plot_file(benchmark, plot))
    console.print(f"{benchmark.name}: {seconds:.0f} s, every figure in {record}", highlight=False, soft_wrap=True)
    return record


def save_plot(plot: Plot, path: Path) -> None:
    """Draws it with matplotlib's file backend: no display is needed and no global state is touched."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=plot.size, dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    plot.draw(figure)
    figure.savefig(path)


def _record(
    benchmark: Benchmark, context: Context, result: Result, started_at: datetime, seconds: float
) -> dict[str, Any]:
    return {
        "benchmark": benchmark.name,
        "summary": benchmark.summary,
        "quick": context.quick,
        "started_at": started_at.isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "machine": describe_machine(),
        "targets": [asdict(target) for target in result.targets],
        "tables": [asdict(table) for table in result.tables],
        "plots": [_plot_file(benchmark, plot) for plot in result.plots],
        "notes": list(result.notes),
        "figures": result.figures,
    }


def _plot_file(benchmark: Benchmark, plot: Plot) -> str:
    return f"{benchmark.name}-{plot.name}.png"


def _targets_table(targets: Sequence[Target]) -> list[Table]:
    rows = [(target.aim, target.measured, "yes" if target.met else "NO", target.why_not) for target in targets]
    return [Table(title="Targets", columns=TARGET_COLUMNS, rows=rows)] if rows else []


def _rich_table(table: Table) -> RichTable:
    drawn = RichTable(title=table.title, title_justify="left")
    for number, column in enumerate(table.columns):
        drawn.add_column(column, justify="left" if number == 0 else "right")
    for row in table.rows:
        drawn.add_row(*row)
    return drawn
