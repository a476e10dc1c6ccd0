"""The connection to a viewer: the worker, or the check, that asks the relay for the stream."""

from collections.abc import Iterator
from contextlib import contextmanager

from ingest.relay.connection import Connection
from ingest.relay.deadline import Deadline


class ViewerError(Exception):
    """The viewer has disconnected, or requests something that no viewer of the stream needs. Never shown to people."""


class Viewer(Connection):
    """The connection to a viewer. Its loss is no failure of the camera, so it raises ViewerError in place of
    OSError."""

    async def send(self, data: bytes) -> None:
        """As a connection does. Raises: ViewerError."""
        with _no_failure():
            await super().send(data)

    async def pass_on(self, data: bytes, deadline: Deadline) -> None:
        """As a connection does. Raises: ViewerError."""
        with _no_failure():
            await super().pass_on(data, deadline)

    async def receive(self) -> bytes:
        """As a connection does. Raises: ViewerError."""
        with _no_failure():
            return await super().receive()


@contextmanager
def _no_failure() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ViewerError from error
