"""Files that only their owner may read."""

from pathlib import Path

from matcher.folder.whole_file import write_whole


def write_secret(path: Path, content: bytes) -> None:
    """Writes a new file, readable by its owner only, and returns when it and its name are on the disk.

    Killed at any moment, it leaves the whole file or none under this name. For the holder of the folder's lock only.
    """
    if path.exists():
        raise FileExistsError(path)
    write_whole(path, content, mode=0o600)
