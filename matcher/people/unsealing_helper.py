"""A helper process that opens every n-th block of sealed templates, n being the number of processes, so that a start
uses all cores.

It gets the master key through its standard input and writes one pickle for each block to its standard output, after
its length.
"""

import gc
import json
import pickle
import select
import struct
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from io import FileIO
from pathlib import Path
from typing import Self, cast

from matcher.people.unsealing import Unsealed, Unsealer
from matcher.process.child_process import command, environment
from matcher.store.database import Database
from matcher.store.engine import driver
from matcher.store.sealing import MasterKey

_PIPE = 1 << 20
"""The pipe's capacity in bytes: the largest that every system allows."""

_PATIENCE = 60.0
"""Seconds for a part of a block to come: a block takes milliseconds, a cold start of the process a few seconds."""

_LENGTH = struct.Struct("<Q")


class HelperError(Exception):
    """The helper could not be started, has ended too soon, or stands still."""


class UnsealingHelper:
    """The service's side. Close it, which ends the process."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        """Use `start`."""
        self._process = process

    @classmethod
    def start(
        cls, folder: Path, master_key: MasterKey, model_digest: str, dimensions: Mapping[str, int], blocks: range
    ) -> Self:
        """Begins with the blocks. Raises HelperError."""
        bounds = (str(blocks.start), str(blocks.stop), str(blocks.step))
        arguments = (str(folder.absolute()), model_digest, json.dumps(dict(dimensions)), *bounds)
        try:
            process = subprocess.Popen(
                command(__name__, *arguments),
                bufsize=0,  # so that to wait for the pipe is to wait for all that is unread
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
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return cast(Unsealed, pickle.loads(self._read(length)))  # noqa: S301 - from our own process

    def close(self) -> None:
        """Ends the process, also in the middle of its work."""
        with self._process:  # waits for it
            self._process.kill()

    def _read(self, count: int) -> bytearray:
        """The next `count` bytes that it writes. Raises HelperError."""
        output = cast(FileIO, self._process.stdout)
        data, done = bytearray(count), 0
        while done < count:
            if not select.select([output], [], [], _PATIENCE)[0]:
                raise HelperError
            came = output.readinto(memoryview(data)[done:])
            if not came:
                raise HelperError
            done += came
        return data


def main() -> None:
    """The helper's side. An error here ends the process: the service then does the work itself, and logs that."""
    folder, model_digest, dimensions, *bounds = sys.argv[1:]
    gc.disable()  # its objects form no cycles
    master_key = MasterKey(sys.stdin.buffer.read())
    with closing(Database.open_read_only(Path(folder))) as database, database.reading() as connection:
        unsealer = Unsealer(driver(connection), master_key, model_digest, json.loads(dimensions))
        for number in range(*map(int, bounds)):
            block = pickle.dumps(unsealer.block(number), protocol=pickle.HIGHEST_PROTOCOL)
            sys.stdout.buffer.write(_LENGTH.pack(len(block)) + block)
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
