"""A text file that comes with a data set. Errors in it name the file and the line."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets.disk import existing_file, within
from benchmarks.harness.errors import DatasetError

_MOST_DIGITS = 18


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line that is not empty. number: from 1, as editors count."""

    path: Path
    number: int
    text: str

    def wrong(self, what: str) -> DatasetError:
        """The error to raise about this line. what: a sentence without its full stop."""
        return DatasetError(
            f"{self.path}, line {self.number}: {what}.",
            remedy="Compare it with the file that its makers publish, and unpack that again.",
        )

    def fields(self, *counts: int, separator: str | None = None) -> list[str]:
        """Its parts, as many as one of `counts`. separator: None for any white space. Raises DatasetError."""
        parts = [part.strip() for part in self.text.split(separator)]
        if len(parts) not in counts:
            expected = " or ".join(map(str, counts))
            raise self.wrong(f"{len(parts)} fields, where {expected} are expected")
        return parts

    def whole(self, field: str, *, least: int = 0) -> int:
        """A whole number of at least `least`. Raises DatasetError."""
        if not (field.isascii() and field.isdecimal() and len(field) <= _MOST_DIGITS and int(field) >= least):
            raise self.wrong(f"{field[:40]!r} is no whole number from {least} on")
        return int(field)

    def truth(self, field: str) -> bool:
        """1 or 0, as tools of several kinds write it. Raises DatasetError."""
        known = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}
        if field.lower() not in known:
            raise self.wrong(f"{field[:40]!r} is neither 1 nor 0")
        return known[field.lower()]

    def below(self, folder: Path, name: str) -> Path:
        """The file of that name in the folder, which it may not lead out of. Raises DatasetError."""
        path = within(folder, name)
        if path is None:
            raise self.wrong(f"{name[:80]!r} is no path within the data set")
        return path


class Listing:
    """The file, read line by line. what: what it should be, for people. DataMissingError where it is not there."""

    def __init__(self, path: Path, *, what: str) -> None:
        self._path = existing_file(path, what=what)

    def lines(self) -> Iterator[Line]:
        """Those that are not empty. Raises DatasetError where it is no text."""
        with self._path.open(encoding="utf-8-sig") as file:
            try:
                for number, text in enumerate(file, 1):
                    if text.strip():
                        yield Line(path=self._path, number=number, text=text.strip("\r\n"))
            except UnicodeDecodeError as error:
                raise self._no_text() from error

    def rows(self, *columns: str) -> Iterator[tuple[Line, Mapping[str, str]]]:
        """The rows of a CSV file by its header, which must have `columns` at least. Raises DatasetError."""
        with self._path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            try:
                self._hold_header(reader.fieldnames or (), columns)
                for values in reader:
                    line = Line(path=self._path, number=reader.line_num, text="")
                    if None in values or None in values.values():
                        raise line.wrong("not as many fields as the header has")
                    yield line, values
            except UnicodeDecodeError as error:
                raise self._no_text() from error
            except csv.Error as error:
                raise Line(path=self._path, number=reader.line_num, text="").wrong(str(error)) from error

    def _hold_header(self, header: object, columns: tuple[str, ...]) -> None:
        found = list(header) if isinstance(header, (list, tuple)) else []
        line = Line(path=self._path, number=1, text="")
        if absent := [column for column in columns if column not in found]:
            raise line.wrong(f"the header lacks {', '.join(absent)}")
        if len(set(found)) < len(found):
            raise line.wrong("the header names a column twice")

    def _no_text(self) -> DatasetError:
        return DatasetError(f"{self._path} is no text in UTF-8.", remedy="Unpack the data set's own file again.")
