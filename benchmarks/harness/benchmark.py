"""The protocol of benchmarks: a name, and a run that returns figures, tables and plots. See
`benchmarks.running.runner`."""

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
        """One bar, from its beginning to its end; no total if it is unknown."""
        ...


@dataclass(frozen=True, kw_only=True)
class Context:
    """The arguments of a run. quick: a smaller run, for a first look. data: the folder of public data, perhaps absent.
    out: where the record and the plots go; a run may leave raw results of its own there, under names that start with
    its own. root: the folder of the run's data set, if not in its place in `data`. models: a file that registers
    further embedders. fusion: that of the column `fusion`, in the form of CLEARGLASS_FUSION; None: the service's
    default. distractors: a folder of pictures of other people, which make a gallery larger. references: the size of the
    gallery, if the run has this option.
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
    """One table for the terminal. Cells are text for people; the exact values are in the figures."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One picture, saved as `<benchmark>-<name>.png` and `.svg`. `draw` gets an empty matplotlib figure.

    size: in inches. caption: its content and how to read it, in one or two sentences for new readers.
    """

    name: str
    draw: "Callable[[Figure], None]"
    size: tuple[float, float] = (8.0, 5.0)
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A target and its result. measured: as text; met: true if it meets the target. why_not: the limiting cause, a
    sentence, if the run knows it.
    """

    aim: str
    measured: str
    met: bool
    why_not: str = ""


@dataclass(frozen=True, kw_only=True)
class Result:
    """The results of a run. figures: every value, as JSON values; a rate has its counts and its interval. notes: the
    measurement, its data and its limits, in sentences for readers.
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
        """The measured quantity, in one line."""
        ...

    def run(self, context: Context) -> Result:
        """Measures. DataMissingError when its data set is not there; any ClearglassError ends the run."""
        ...
