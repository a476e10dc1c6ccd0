"""One caller's part of a transaction that several share: kept or rolled back on its own, durable with the others."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from matcher.store.engine import driver
from matcher.store.errors import store_error
from matcher.store.turns import Errand

T = TypeVar("T")


@dataclass(eq=False)
class Part(Errand[T]):
    """work: writes through the connection and gives a value; it must leave no trace outside it if it raises."""

    work: Callable[[Connection], T] = field(kw_only=True)

    def run(self, connection: Connection) -> None:
        """Does the work in a savepoint. Its own error is kept for `result`; one of the store is everybody's: raised."""
        raw = driver(connection)
        raw.execute("SAVEPOINT part")
        try:
            self.give(self.work(connection))
        except BaseException as error:
            # After these SQLite may have rolled the whole transaction back by itself.
            if isinstance(error, (DBAPIError, sqlite3.Error)) and store_error(error) is not None:
                raise
            raw.execute("ROLLBACK TO part")
            self.refuse(error)
        raw.execute("RELEASE part")
