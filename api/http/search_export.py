"""Searches of the log as a file: for spreadsheets, for programs, for analysis."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from datetime import datetime
from itertools import islice
from types import NoneType
from typing import Any, ClassVar, Literal, get_args, get_type_hints

from matcher.audit.searches import Ending, LoggedSearch
from matcher.errors import ClearglassError
from matcher.spreadsheet import guarded

Format = Literal["csv", "jsonl", "parquet"]
FORMATS: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
_COLUMNS = [field.name for field in fields(LoggedSearch)]
_ROW_GROUP = 10_000


class ParquetMissingError(ClearglassError):
    """What writes Parquet is not installed."""

    code: ClassVar[str] = "parquet_missing"

    def __init__(self) -> None:
        super().__init__(
            "Parquet files cannot be written here: pyarrow is not installed.",
            remedy="Install clearglass with its parquet extra, or take CSV or JSON lines.",
        )


def exported(searches: Iterable[LoggedSearch], form: Format) -> Iterator[bytes]:
    """The file, part by part; its columns are LoggedSearch's. Raises ParquetMissingError, before the first part."""
    if form == "parquet":
        return _parquet(searches)
    rows = (_row(search) for search in searches)
    return _csv(rows) if form == "csv" else (f"{json.dumps(row, ensure_ascii=False)}\n".encode() for row in rows)


def _row(search: LoggedSearch) -> dict[str, Any]:
    return asdict(search) | {"time": search.time.isoformat(), "ending": search.ending.value}


def _column_types() -> dict[str, type]:
    """By column, of what it holds where it is not empty."""
    hints = get_type_hints(LoggedSearch)
    return {
        name: next(kind for kind in get_args(hint) or (hint,) if kind is not NoneType) for name, hint in hints.items()
    }


def _csv(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    file = io.StringIO()
    # Every cell in quotation marks: then none is parted that a reader parts by commas, whatever is in it.
    writer = csv.DictWriter(file, _COLUMNS, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: guarded(value) if isinstance(value, str) else value for name, value in row.items()})
        yield file.getvalue().encode()
        file.seek(0)
        file.truncate()
    yield file.getvalue().encode()


def _parquet(searches: Iterable[LoggedSearch]) -> Iterator[bytes]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ParquetMissingError from error
    kinds = {
        int: pyarrow.int64(),
        float: pyarrow.float64(),
        str: pyarrow.string(),
        Ending: pyarrow.string(),
        datetime: pyarrow.timestamp("us", tz="UTC"),
    }
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in _column_types().items()])
    file, rows = io.BytesIO(), (asdict(search) | {"ending": search.ending.value} for search in searches)
    with parquet.ParquetWriter(file, schema) as writer:
        while part := list(islice(rows, _ROW_GROUP)):
            writer.write_table(pyarrow.Table.from_pylist(part, schema=schema))
    return iter([file.getvalue()])  # its index stands at the end, and all of it is small: columns are compressed
