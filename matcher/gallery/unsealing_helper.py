"""A process that opens every so-many-th block of sealed templates, so that starting takes all cores and not one.

It gets the master key through its standard input and writes one pickle for each block to its standard output.
"""

import gc
import pickle
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Self, cast

from matcher.child_process import command, environment
from matcher.gallery.unsealing import Unsealed, Unsealer
from matcher.store.database import Database
from matcher.store.engine import driver
from matcher.store.sealing import MasterKey

_PIPE = 1 << 20
"""Bytes that may wait: the most that every system allows."""


class HelperError(Exception):
    """The helper could not be started, or has ended too soon."""


class UnsealingHelper:
    """The service's side. Close it, which ends the process."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        """Use `start`."""
        self._process = process

    @classmethod
    def start(cls, folder: Path, master_key: MasterKey, model_digest: str, blocks: range) -> Self:
        """Begins with the blocks. Raises HelperError."""
        arguments = (str(folder.absolute()), model_digest, str(blocks.start), str(blocks.stop), str(blocks.step))
        try:
            process = subprocess.Popen(
                command(__name__, *arguments),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
                pipesize=_PIPE,
            )
        except OSError as error:
            raise HelperError from error
        assert process.stdin is not None  # noqa: S101 - for the type checker
        with suppress(BrokenPipeError), process.stdin:
            process.stdin.write(master_key.exported())
        return cls(process)

    def next(self) -> Unsealed:
        """The next of its blocks. Raises HelperError."""
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        try:
            return cast(Unsealed, pickle.load(self._process.stdout))  # noqa: S301 - from our own process
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise HelperError from error

    def close(self) -> None:
        """Ends the process, wherever it is."""
        with self._process:  # waits for it
            self._process.kill()


def main() -> None:
    """The helper's side. What goes wrong here ends it: the service then does the work itself, and tells."""
    folder, model_digest, *bounds = sys.argv[1:]
    gc.disable()  # what it makes holds no cycles
    master_key = MasterKey(sys.stdin.buffer.read())
    with closing(Database.open_read_only(Path(folder))) as database, database.reading() as connection:
        unsealer = Unsealer(driver(connection), master_key, model_digest)
        for number in range(*map(int, bounds)):
            pickle.dump(unsealer.block(number), sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
