"""A camera's login, shared by the relays of its streams."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ingest.camera.camera import Credentials
from ingest.relay.refusals import Refusals


class Login:
    """Owned by the relays' thread. A changed camera gets a new Login, which is tried without a pause.

    refusals: of the login after it was sent; they pause every stream of the camera.
    """

    def __init__(self, credentials: Credentials | None) -> None:
        self.credentials = credentials
        self.refusals = Refusals()
        self._proven = credentials is None
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def first_try(self) -> AsyncIterator[None]:
        """Allows one connection at a time to try a login that was not accepted yet, so that a wrong one is sent only
        once."""
        if self._proven:
            yield
            return
        async with self._turn:
            yield

    def accepted(self) -> None:
        """The camera has accepted the login."""
        self._proven = True
        self.refusals.accepted()
