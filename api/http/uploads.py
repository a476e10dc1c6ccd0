"""The bytes of all pictures that requests send and hold at one time: a limit in total, a share for each account."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from api.slots import BusyError

_SHARES = 3
"""Of the total, one account may take a third: two that take all they may leave room for others."""
_RETRY_SECONDS = 5


class Uploads:
    """Counts bytes from before they arrive until their request has been worked on. For one event loop."""

    def __init__(self, most: int, *, largest: int) -> None:
        """most: bytes in total. largest: of one request, which an account may always send if nothing else goes on."""
        self._most = most
        self._share = max(largest, most // _SHARES)
        self._held: Counter[str] = Counter()

    @contextmanager
    def one(self, account: str, size: int) -> Iterator[None]:
        """One request's upload of this many bytes, while the block runs. Raises: BusyError."""
        if self._held[account] + size > self._share or self._held.total() + size > self._most:
            raise BusyError("uploads", retry_after=_RETRY_SECONDS)
        self._held[account] += size
        try:
            yield
        finally:
            self._held[account] -= size
            if not self._held[account]:
                del self._held[account]
