"""Which tables a database has, told without Alembic: most who read a folder would wait for its import only."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from matcher.folder.errors import DataFolderError
from matcher.store.errors import SchemaTooNewError

MIGRATIONS = Path(__file__).parent / "migrations"


def require_current(connection: Connection) -> None:
    """Raises unless the tables are exactly those this version knows: DataFolderError, SchemaTooNewError."""
    revision, known = _revision(connection), known_revisions()
    if revision is not None and revision not in known:
        raise too_new(revision)
    if revision != known[-1]:
        raise DataFolderError(
            "The data folder was written by an older Clearglass.",
            remedy="Start the service once; it brings the tables up to date.",
        )


def outdated(connection: Connection) -> str | None:
    """The revision of tables that are older than this version's; None of new ones, and where there are no tables.

    Raises SchemaTooNewError.
    """
    revision, known = _revision(connection), known_revisions()
    if revision is not None and revision not in known:
        raise too_new(revision)
    return None if revision == known[-1] else revision


def known_revisions() -> tuple[str, ...]:
    """Of every migration, the newest last: they follow one another, and a file's name begins with its revision."""
    return tuple(sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")))


def too_new(revision: str) -> SchemaTooNewError:
    """The error about tables of a later version."""
    return SchemaTooNewError(
        f"The data folder was written by a newer Clearglass (its tables are at {revision}).",
        remedy="Use that version, or a data folder of its own for this one.",
    )


def _revision(connection: Connection) -> str | None:
    """As Alembic keeps it; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return None if found is None else str(found.version_num)
