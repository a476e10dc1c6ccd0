"""An embedder: turns aligned faces into vectors."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face


class Alignment(Protocol):
    """Cuts the chip that an embedder sees. Safe to call from several threads at once."""

    def prepare(self) -> object:
        """Reads what `chip` needs. Raises ModelError."""
        ...

    def chip(self, image: Image, face: Face) -> Image:
        """(side, side, 3), in the embedder's colours. image: BGR."""
        ...


class Embedder(Protocol):
    """One network with its alignment. Safe to call from several threads at once.

    Its name, dimension and metric are its `Part`'s; its digest is its entry's or its files'.
    """

    @property
    def alignment(self) -> Alignment:
        """Cuts its chips."""
        ...

    def embed(self, chips: Sequence[Image]) -> NDArray[np.float32]:
        """(n, d) vectors of n chips."""
        ...
