"""What a benchmark is: a name, and a run that gives figures, tables and plots. See `benchmarks.running.runner`."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Advance = Callable[[float], None]
"""Advances a progress bar by this number of its units."""


class Progress(Protocol):
    """Shows how far a run is. `with progress.step("detecting", total=900) as advance: … advance(1)`."""

    def step(self, description: str, total: float | None = None) -> AbstractContextManager[Advance]:
        """One bar, from its beginning to its end; no total when nobody can know it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a run is given.

    quick: a smaller run, for a first look. data: the folder of public data, perhaps absent. out: where the record and
    the plots go; a run may leave raw results of its own there, under names that start with its own. root: where the one
    data set is that the run is about, if not in its place in `data`. models: a file that registers embedders of others.
    fusion: what the column `fusion` compares by, as CLEARGLASS_FUSION has it; None is what the service has by default.
    distractors: a folder of pictures of people who are nobody's mates, to make a gallery larger. references: how many
    the gallery holds, where the run lets one choose.
    """

    quick: bool
    data: Path
    progress: Progress
    out: Path = Path("out/benchmarks")
    root: Path | None = None
    models: Path | None = None
    fusion: str | None = None
    distractors: Path | None = None
    references: int | None = None

    def root_of(self, dataset: str) -> Path:
        """The folder of a registered data set."""
        return self.root or self.data / dataset


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table for the terminal. Cells are text, as people shall read it; the exact values are in the figures."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One picture, saved as `<benchmark>-<name>.png` and `.svg`. `draw` gets an empty matplotlib figure.

    size: in inches. caption: what it shows and how it is read, in a sentence or two for somebody new to it.
    """

    name: str
    draw: "Callable[[Figure], None]"
    size: tuple[float, float] = (8.0, 5.0)
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What was aimed at, beside what came out. measured: as people shall read it; met: whether that is enough.

    why_not: what limits it, in a sentence, where the run itself can tell.
    """

    aim: str
    measured: str
    met: bool
    why_not: str = ""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run found. figures: every value, as JSON values; a rate stands with its counts and its interval.

    notes: what was measured, on what, and with which limits, in sentences for somebody who was not there.
    """

    figures: Mapping[str, Any]
    notes: Sequence[str] = ()
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()
    targets: Sequence[Target] = ()


class Benchmark(Protocol):
    """One measurement that anyone can run again by `python -m benchmarks NAME`."""

    @property
    def name(self) -> str:
        """In lower case with hyphens, as typed on the command line."""
        ...

    @property
    def summary(self) -> str:
        """What is measured, in one line."""
        ...

    def run(self, context: Context) -> Result:
        """Measures. DataMissingError when its data set is not there; any ClearglassError ends the run."""
        ...
