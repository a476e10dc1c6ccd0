"""A log as files, in the layout of C2SP tlog-tiles: any web server can publish them, and any reader can check them."""

from pathlib import Path

from matcher.folder.whole_file import write_whole
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.errors import ExportError, TileUnknownError
from matcher.tlog.progress import Progress
from matcher.tlog.publication import Publication
from matcher.tlog.tile import Tile, tiles
from matcher.tlog.tree import TiledTree

_CHECKPOINT = "checkpoint"


class ExportedLog:
    """A Publication in a folder."""

    def __init__(self, folder: Path) -> None:
        """The folder may be empty, or not there yet."""
        self.folder = folder

    def checkpoint(self) -> str:
        """See Publication. Raises ExportError."""
        path = self.folder / _CHECKPOINT
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise ExportError(f"There is no exported log in {self.folder}.") from error
        except (OSError, UnicodeDecodeError) as error:
            raise ExportError(f"{path} cannot be read.") from error

    def read(self, tile: Tile) -> bytes:
        """See Publication. Raises ExportError where it cannot be read."""
        try:
            return (self.folder / tile.path).read_bytes()
        except FileNotFoundError as error:
            raise TileUnknownError(tile.path) from error
        except OSError as error:
            raise ExportError(f"{self.folder / tile.path} cannot be read: {error.strerror}.") from error

    def extend(self, log: Publication, progress: Progress | None = None) -> Checkpoint:
        """Adds to the folder what is missing of one's own log, the checkpoint last, so that an interrupted export still
        is the earlier one.

        Raises ExportError if the folder holds the export of another log, or cannot be written.
        """
        note = log.checkpoint()
        checkpoint = Checkpoint.of_own(note)
        missing = list(tiles(checkpoint.size, after=self._exported(log, checkpoint)))
        for done, tile in enumerate(missing):
            if progress is not None:
                progress(done, len(missing))
            self._write(tile.path, log.read(tile))
        self._write(_CHECKPOINT, note.encode())
        if progress is not None:
            progress(len(missing), len(missing))
        return checkpoint

    def _exported(self, log: Publication, checkpoint: Checkpoint) -> int:
        """The number of entries in the folder. The signature is not checked: the root shows if it is the same log."""
        if not (self.folder / _CHECKPOINT).exists():
            return 0
        old = Checkpoint.of_own(self.checkpoint())
        if old.size > checkpoint.size or TiledTree(checkpoint.size, log.read).root(old.size) != old.root:
            raise ExportError(
                f"{self.folder} holds {old.size} entries that this log does not begin with.",
                remedy="Keep that folder: it shows that the log was changed. Export into another one.",
            )
        return old.size

    def _write(self, path: str, data: bytes) -> None:
        target = self.folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, data)
        except OSError as error:
            raise ExportError(f"{target} cannot be written: {error.strerror}.") from error
