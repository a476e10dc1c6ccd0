"""Brings the tables up to date with Alembic, from inside the package and without a configuration file."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from matcher.store.errors import DataFolderError, SchemaTooNewError


def migrate(connection: Connection) -> None:
    """Runs every migration that is missing, in the caller's transaction. Raises SchemaTooNewError."""
    config = _config()
    scripts = ScriptDirectory.from_config(config)
    if _known(connection, scripts) == scripts.get_current_head():
        return
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def require_current(connection: Connection) -> None:
    """Raises unless the tables are exactly those this version knows."""
    scripts = ScriptDirectory.from_config(_config())
    if _known(connection, scripts) != scripts.get_current_head():
        raise DataFolderError(
            "The data folder was written by an older Clearglass.",
            remedy="Start the service once; it brings the tables up to date.",
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _known(connection: Connection, scripts: ScriptDirectory) -> str | None:
    """The revision of the tables, or None for an empty database."""
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is not None and revision not in {script.revision for script in scripts.walk_revisions()}:
        raise SchemaTooNewError(
            f"The data folder was written by a newer Clearglass (its tables are at {revision}).",
            remedy="Use that version, or a data folder of its own for this one.",
        )
    return revision
