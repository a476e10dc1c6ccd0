"""A list of pairs in LFW's form, which other sets use too: `person 1 4` is mated, `person 1 other 2` is not."""

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets.dataset import Trial
from benchmarks.datasets.listing import Line, Listing
from benchmarks.harness.errors import DataMissingError


@dataclass(frozen=True, kw_only=True)
class NumberedPair:
    """Two pictures by person and number; numbers start at 1. line: its line in the file."""

    left: tuple[str, int]
    right: tuple[str, int]
    fold: int
    line: Line

    @property
    def mated(self) -> bool:
        """True if the line names one person."""
        return self.left[0] == self.right[0]


def read_pairs(path: Path, *, folds: int = 10) -> tuple[NumberedPair, ...]:
    """All pairs, in order.

    A first line of numbers alone gives the folds: the last of them is how many mated pairs each has, and non-mated
    ones there are as many. Without such a line there are `folds` of equal length.

    Raises DataMissingError and DatasetError.
    """
    lines = list(Listing(path, what="the list of pairs").lines())
    size = 0
    if lines and all(field.isdecimal() for field in lines[0].text.split()):
        header = lines.pop(0)
        size = 2 * header.whole(header.fields(1, 2)[-1], least=1)
    size = size or max(1, -(-len(lines) // folds))
    return tuple(_pair(line, position // size) for position, line in enumerate(lines))


def trials(
    pairs: tuple[NumberedPair, ...], samples: Container[str], name: Callable[[str, int], str]
) -> Iterator[Trial]:
    """The pairs as trials. name: of a person's picture. DataMissingError where a sample of that name is none."""
    for pair in pairs:
        probe, reference = name(*pair.left), name(*pair.right)
        for sample in (probe, reference):
            if sample not in samples:
                raise DataMissingError(
                    f"{pair.line.path}, line {pair.line.number}: there is no picture {sample}.",
                    remedy="Unpack the data set again; parts of this copy are missing.",
                )
        yield Trial(probe=probe, reference=reference, mated=pair.mated, fold=pair.fold)


def _pair(line: Line, fold: int) -> NumberedPair:
    fields = line.fields(3, 4)
    if len(fields) == 3:
        fields.insert(2, fields[0])
    elif fields[0] == fields[2]:
        raise line.wrong("a non-mated pair of one person")
    person, first, other, second = fields
    left, right = (person, line.whole(first, least=1)), (other, line.whole(second, least=1))
    return NumberedPair(left=left, right=right, fold=fold, line=line)
