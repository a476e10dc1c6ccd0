"""One packet of a stream as it arrived: a frame that was not decoded yet."""

from collections.abc import Callable
from dataclasses import dataclass

from ingest.stream.frame import Frame


@dataclass(frozen=True, kw_only=True, eq=False)
class Packet:
    """A packet, stamped when it arrived.

    arrived: seconds of time.monotonic(). key: whether it can be decoded without those before it. size: bytes.
    decode(afresh): the frame that comes out of the decoder with it, if one does; each packet in turn, by one thread.
    afresh: some before it were left out, so the decoder must forget what it knows. None too when it cannot be decoded,
    or its source was closed.
    """

    arrived: float
    key: bool
    size: int
    decode: Callable[[bool], Frame | None]
