"""The options every command takes, and how a data folder is opened for it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.service import Service


def default_folder() -> Path:
    """The default data folder: in the XDG data home."""
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "clearglass"


Data = Annotated[
    Path,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar="CLEARGLASS_FOLDER",
        default_factory=default_folder,
        show_default="~/.local/share/clearglass",
        help="The folder that holds the database and the keys.",
        file_okay=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table for people.")]


@contextmanager
def opened(folder: Path) -> Iterator["Service"]:
    """The service's parts on this folder, with no camera started, for one command.

    Raises: DataFolderInUseError while a running service holds the folder; ProcessorError.
    """
    from matcher.process.processor import require_processor

    require_processor()  # before the import of code that such a processor cannot run
    from api.service import Service
    from api.settings import ApiSettings
    from ingest.settings import IngestSettings
    from matcher.settings import MatcherSettings

    with Service.open(matcher=MatcherSettings(folder=folder), ingest=IngestSettings(), api=ApiSettings()) as service:
        yield service
