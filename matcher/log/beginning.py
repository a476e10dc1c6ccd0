"""Checks that a data folder without a log's head never had a log."""

from sqlalchemy import literal, select

from matcher.log.errors import LogTruncatedError
from matcher.log.key import LOG_KEY_FILE, read_log_keys
from matcher.store import tables
from matcher.store.database import Database


def require_unbegun(database: Database) -> None:
    """For a database without a log's head: raises LogTruncatedError if it, or log.key, shows that there was a log."""
    with database.reading() as connection:
        traces = [
            table.name
            for table in (tables.audit_entry, tables.gallery, tables.subject)
            if connection.execute(select(literal(1)).select_from(table).limit(1)).first() is not None
        ]
    if read_log_keys(database.folder):
        traces.append(LOG_KEY_FILE)
    if traces:
        raise LogTruncatedError(
            f"The audit log was truncated: its head is gone, but there was a log (see {', '.join(traces)}).",
            remedy="Put a backup of the data folder back. A new log is begun only in a new data folder.",
        )
