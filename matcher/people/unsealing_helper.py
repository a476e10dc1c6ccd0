"""A helper process that opens every n-th block of sealed templates, n being the number of processes, so that a start
uses all cores.

It receives the 32-byte master key from the service by a socket pair. For each block it sends the length, then one
pickle.
"""

import gc
import json
import pickle
import socket
import struct
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Self, cast

from matcher.people.unsealing import Unsealed, Unsealer
from matcher.process.child import Child
from matcher.process.child_process import connect, die_with_parent
from matcher.store.database import Database
from matcher.store.engine import driver
from matcher.store.sealing import MasterKey

_BUFFER = 1 << 20
"""Size of the socket's buffer in bytes; the system may allow less."""

_TIMEOUT_SECONDS = 60.0
"""Seconds for a block to come: one takes milliseconds, a cold start of the process a few seconds."""

_KEY_BYTES = 32

_LENGTH = struct.Struct("<Q")


class HelperError(Exception):
    """The helper could not be started, has ended too soon, or stands still."""


class UnsealingHelper:
    """The service's side. Close it, which ends the process."""

    def __init__(self, process: Child) -> None:
        """Use `start`."""
        self._process = process

    @classmethod
    def start(
        cls, folder: Path, master_key: MasterKey, model_digest: str, dimensions: Mapping[str, int], blocks: range
    ) -> Self:
        """Starts the process, which unseals these blocks. Raises HelperError."""
        bounds = (str(blocks.start), str(blocks.stop), str(blocks.step))
        arguments = (str(folder.absolute()), model_digest, json.dumps(dict(dimensions)), *bounds)
        try:
            process = Child.start(__name__, *arguments, buffer=_BUFFER)
        except OSError as error:
            raise HelperError from error
        try:
            process.send(master_key.exported(), until=time.monotonic() + _TIMEOUT_SECONDS)
        except OSError as error:
            process.close()
            raise HelperError from error
        return cls(process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def next(self) -> Unsealed:
        """The next of its blocks. Raises HelperError."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return cast(Unsealed, pickle.loads(self._read(length)))  # noqa: S301 - from our own process

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        self._process.close()

    def _read(self, count: int) -> bytearray:
        """The next bytes that it sends, this many. Raises HelperError."""
        data = bytearray(count)
        try:
            self._process.receive(memoryview(data), until=time.monotonic() + _TIMEOUT_SECONDS)
        except OSError as error:
            raise HelperError from error
        return data


def main() -> None:
    """The helper's side. Any error ends the helper. The service then does its work and logs a warning."""
    folder, model_digest, dimensions, *bounds = sys.argv[2:]
    service = connect()
    die_with_parent()
    gc.disable()  # what it makes holds no cycles
    master_key = MasterKey(service.recv(_KEY_BYTES, socket.MSG_WAITALL))
    with closing(Database.open_read_only(Path(folder))) as database, database.reading() as connection:
        unsealer = Unsealer(driver(connection), master_key, model_digest, json.loads(dimensions))
        for number in range(*map(int, bounds)):
            block = pickle.dumps(unsealer.block(number), protocol=pickle.HIGHEST_PROTOCOL)
            service.sendall(_LENGTH.pack(len(block)))
            service.sendall(block)


if __name__ == "__main__":
    main()
