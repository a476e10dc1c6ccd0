"""One packet of a stream as it arrived: a frame that is not decoded yet."""

from collections.abc import Callable
from dataclasses import dataclass

from ingest.stream.frame import Frame


@dataclass(frozen=True, kw_only=True, eq=False)
class Packet:
    """A packet, stamped when it arrived.

    arrived: seconds of time.monotonic(). key: true if it can be decoded without those before it. size: bytes.
    decode(afresh): decodes it and returns the decoder's next frame, if there is one; call it for each packet in order,
    in one thread. afresh: some before it were left out, so the decoder must be reset. None too when it cannot be
    decoded, or its source was closed.
    """

    arrived: float
    key: bool
    size: int
    decode: Callable[[bool], Frame | None]
