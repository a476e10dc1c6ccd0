"""Brings the tables up to date with Alembic, from inside the package and without a configuration file."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from matcher.store.revision import MIGRATIONS, too_new


def migrate(connection: Connection) -> None:
    """Runs every migration that is missing, in the caller's transaction. Raises SchemaTooNewError."""
    config = _config()
    scripts = ScriptDirectory.from_config(config)
    if _known(connection, scripts) == scripts.get_current_head():
        return
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def _known(connection: Connection, scripts: ScriptDirectory) -> str | None:
    """The revision of the tables, or None for an empty database."""
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is not None and revision not in {script.revision for script in scripts.walk_revisions()}:
        raise too_new(revision)
    return revision
