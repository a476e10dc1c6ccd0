"""How SQLite is opened: the settings that durability, erasure and the one writer rest on."""

import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import ClauseElement, Connection, Engine, create_engine, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import QueuePool


def reading_engine(path: Path, *, mode: str, busy_seconds: float) -> Engine:
    """Connections that cannot write. mode: SQLite's, ro or rw; a log that was left behind needs rw to be read."""
    # Readers never wait for one another.
    return _engine(path, mode=mode, begin="BEGIN", pragmas=["query_only=ON"], busy_seconds=busy_seconds, most=None)


def writing_engine(path: Path, *, busy_seconds: float) -> Engine:
    """One connection that writes; it makes the database where there is none."""
    pragmas = ["journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"]
    return _engine(path, mode="rwc", begin="BEGIN IMMEDIATE", pragmas=pragmas, busy_seconds=busy_seconds, most=1)


def driver_sql(statement: ClauseElement) -> str:
    """Constant SQL for `driver`; its parameters in the order of the statement's columns."""
    return str(statement.compile(dialect=sqlite.dialect()))


def driver(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, for what runs too often for SQLAlchemy's price, or outside its transactions."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - for the type checker
    return raw


def _engine(path: Path, *, mode: str, begin: str, pragmas: list[str], busy_seconds: float, most: int | None) -> Engine:
    def connect() -> sqlite3.Connection:
        # No implicit transactions: `begin` below says when and how each starts.
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode={mode}",
            uri=True,
            timeout=busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            for pragma in ["foreign_keys=ON", "temp_store=MEMORY", "trusted_schema=OFF", *pragmas]:
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=8 if most is None else most,
        max_overflow=-1 if most is None else 0,
        pool_reset_on_return="rollback",
        # Sealed blobs, digests and session tokens are not for tracebacks.
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        driver(connection).execute(begin)

    return engine
