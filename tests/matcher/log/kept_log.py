"""The log of version 1 in `version_1/`: an export, the data folder it came from, and what was found in it then."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any

from matcher.audit.leaves import leaves
from matcher.people.declaration import Declaration
from matcher.store.database import DATABASE_FILE
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.export import ExportedLog
from matcher.tlog.note import Verifier, open_note

FOLDER = Path(__file__).parent / "version_1"


class KeptLog:
    """Everything there is of it."""

    def __init__(self) -> None:
        self.export = ExportedLog(FOLDER / "export")
        self.receipt = (FOLDER / "search.tlog-proof").read_text()

    @cached_property
    def expected(self) -> dict[str, Any]:
        """What the code that wrote it found in it, by today's names."""
        expected: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text())
        for search in expected["searches"]:
            search["request_index"] = search.pop("index")
        return expected

    @cached_property
    def schema(self) -> dict[str, Any]:
        """As it was published by that code."""
        schema: dict[str, Any] = json.loads((FOLDER / "schema.json").read_text())
        return schema

    @property
    def verifier(self) -> Verifier:
        return Verifier.parse(self.expected["verifier_key"])

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint.parse(open_note(self.export.checkpoint(), [self.verifier]))

    @property
    def declarations(self) -> list[Declaration]:
        return [Declaration.of_record(record) for record in self.expected["groups"]]

    def leaves(self) -> Iterator[bytes]:
        return leaves(self.export, self.checkpoint)

    def restore(self, folder: Path) -> Path:
        """The data folder as that code left it."""
        folder.mkdir(mode=0o700)
        with closing(sqlite3.connect(folder / DATABASE_FILE)) as connection:
            connection.executescript((FOLDER / "database.sql").read_text())
        for name, text in json.loads((FOLDER / "keys.json").read_text()).items():
            (folder / name).write_text(text)
        for path in folder.iterdir():
            path.chmod(0o600)
        return folder
