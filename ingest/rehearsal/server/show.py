"""The content of an HTTP camera: a film or some pictures, in a loop at their own pace."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.rehearsal.errors import RehearsalError
from ingest.rehearsal.film.film import jpegs_of, muxed

Piece = tuple[float, bytes]
"""Its sending time, in seconds from the first piece, and its bytes."""


class Show:
    """Began when it was made. film: an MP4; pictures: JPEG files, `fps` of them a second; one of the two.

    Threads may share it.
    """

    def __init__(self, film: Path | None, pictures: Sequence[bytes], *, fps: float) -> None:
        self._film = film
        self._pictures = list(pictures)
        self._fps = fps
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def picture(self) -> bytes:
        """The present JPEG."""
        pictures, fps = self._all()
        return pictures[int((time.monotonic() - self._began) * fps) % len(pictures)]

    def pictures(self) -> Iterator[Piece]:
        """An endless sequence of JPEGs, beginning with the present one."""
        pictures, fps = self._all()
        first = int((time.monotonic() - self._began) * fps)
        number = 0
        while True:
            yield number / fps, pictures[(first + number) % len(pictures)]
            number += 1

    def film(self, container: str) -> Iterator[Piece]:
        """The film without end, from its beginning, in a container that `film.muxed` knows. RehearsalError: no film."""
        if self._film is None:
            raise RehearsalError("This server has pictures only.", remedy="Give it a film.")
        return muxed(self._film, container)

    def _all(self) -> tuple[list[bytes], float]:
        """Decodes the film when it is first needed."""
        with self._lock:
            if not self._pictures and self._film is not None:
                self._pictures, self._fps = jpegs_of(self._film)
        return self._pictures, self._fps
