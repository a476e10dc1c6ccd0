"""One caller's part of a transaction that several share: kept or rolled back on its own, durable with the others."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from matcher.store.engine import driver
from matcher.store.errors import StoreBusyError, StoreError, store_error
from matcher.store.turns import Errand

T = TypeVar("T")


@dataclass(eq=False)
class Part(Errand, Generic[T]):
    """work: writes through the connection and gives a value; it must leave no trace outside it if it raises."""

    work: Callable[[Connection], T] = field(kw_only=True)
    _value: list[T] = field(default_factory=list, init=False)
    _error: BaseException | None = field(default=None, init=False)

    def run(self, connection: Connection) -> None:
        """Does the work in a savepoint. Its own error is kept for `result`; one of the store is everybody's: raised."""
        raw = driver(connection)
        raw.execute("SAVEPOINT part")
        try:
            self._value.append(self.work(connection))
        except BaseException as error:
            # After these SQLite may have rolled the whole transaction back by itself.
            if isinstance(error, (DBAPIError, sqlite3.Error)) and store_error(error) is not None:
                raise
            raw.execute("ROLLBACK TO part")
            self._error = error
        raw.execute("RELEASE part")

    def fail(self, error: BaseException) -> None:
        """The transaction was rolled back: whatever the work gave does not stand."""
        self._value.clear()
        if self._error is not None:
            return
        # Each caller raises one of its own: an exception carries the traceback of one thread.
        if isinstance(error, StoreError):
            self._error = type(error)(error.message, remedy=error.remedy)
        else:
            self._error = StoreBusyError("The writing under way was broken off.", remedy="Try again in a moment.")
        self._error.__cause__ = error

    def result(self) -> T:
        """What the work gave, once it is durable; or raises its error, or the transaction's."""
        if self._error is not None:
            raise self._error
        return self._value[0]
