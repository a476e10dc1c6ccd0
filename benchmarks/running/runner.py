"""Runs one benchmark and writes its record: tables on the terminal, NAME.json; the plots and tables beside it."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table as RichTable

from benchmarks.harness.benchmark import Advance, Benchmark, Context, Plot, Result, Table, Target
from benchmarks.harness.machine import describe_machine
from benchmarks.harness.plot_file import save_plot
from benchmarks.harness.table_file import csv_folder, save_tables
from matcher.recognition.embedder_entry import read_entries
from matcher.recognition.face_model import FaceModel

OURS = "clearglass"
"""The name of the service's model in a record."""

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
        """See `benchmarks.harness.benchmark.Progress`. Steps may stand inside one another."""
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
    models = _models(context)
    started_at = datetime.now(UTC)
    start = time.monotonic()
    result = benchmark.run(context)
    seconds = time.monotonic() - start
    record = folder / f"{benchmark.name}.json"
    written = _record(benchmark, context, models, result, started_at, seconds)
    content = json.dumps(written, indent=2, allow_nan=False) + "\n"
    tables = (*result.tables, *_targets_table(result.targets))
    for table in tables:
        console.print(_rich_table(table))
    save_tables([(one.title, one.columns, one.rows) for one in tables], folder / csv_folder(benchmark.name))
    for plot in result.plots:
        save_plot(plot, folder / _plot_file(benchmark, plot))
    # Last, so that it names no picture that is not there.
    record.write_text(content, encoding="utf-8")
    console.print(f"{benchmark.name}: {seconds:.0f} s, every figure in {record}", highlight=False, soft_wrap=True)
    return record


def _record(
    benchmark: Benchmark,
    context: Context,
    models: Mapping[str, str],
    result: Result,
    started_at: datetime,
    seconds: float,
) -> dict[str, Any]:
    return {
        "benchmark": benchmark.name,
        "summary": benchmark.summary,
        "quick": context.quick,
        "started_at": started_at.isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "machine": describe_machine(),
        "models": models,
        "targets": [asdict(target) for target in result.targets],
        "tables": [asdict(table) for table in result.tables],
        "plots": [_plot_file(benchmark, plot) for plot in result.plots],
        "captions": {_plot_file(benchmark, plot): plot.caption for plot in result.plots},
        "notes": list(result.notes),
        "figures": result.figures,
    }


def _models(context: Context) -> dict[str, str]:
    """The hex SHA-256 of the models, by name: the service's and a researcher's own."""
    own = read_entries(context.models) if context.models else ()
    return {OURS: FaceModel().digest, **{model.name: model.sha256 for model in own}}


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
