"""Tables as CSV files, for spreadsheets: `<benchmark>-tables/01-<title>.csv`, in the order of the record."""

import csv
import re
import unicodedata
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from matcher.spreadsheet import guarded

LONGEST_NAME = 80


def csv_text(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table as RFC 4180 has it, with its header. Texts are escaped for spreadsheets, numbers are unchanged."""
    written = StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([guarded(cell) for cell in row] for row in [columns, *rows])
    return written.getvalue()


def csv_name(place: int, title: str) -> str:
    """The file's name; place: the table's among its record's, from 1, which keeps the names apart."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:LONGEST_NAME].strip("-")
    return f"{place:02}-{words or 'table'}.csv"


def csv_folder(benchmark: str) -> str:
    """The folder of a benchmark's tables, beside its record."""
    return f"{benchmark}-tables"


def save_tables(tables: Sequence[tuple[str, Sequence[str], Sequence[Sequence[str]]]], folder: Path) -> None:
    """Writes each title, columns and rows; files that an earlier run left in the folder go."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.csv"):
        old.unlink()
    for place, (title, columns, rows) in enumerate(tables, start=1):
        (folder / csv_name(place, title)).write_text(csv_text(columns, rows), encoding="utf-8", newline="")
