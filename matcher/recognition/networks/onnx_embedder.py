"""An embedder that an entry registers: an ONNX file and a few facts, without its own code."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image
from matcher.recognition.embedder_entry import EmbedderEntry
from matcher.recognition.networks.alignment import FivePointAlignment
from matcher.recognition.networks.session import Session
from matcher.recognition.networks.weights import ModelError

Floats = NDArray[np.float32]


class OnnxEmbedder:
    """See `Embedder`. Chips are run one at a time, because many models accept only a batch of 1."""

    def __init__(self, entry: EmbedderEntry, *, threads: int = 1) -> None:
        """Raises ModelError if the file is not a network with the registered input and output shapes."""
        self._entry = entry
        self.alignment = FivePointAlignment(side=entry.side, colours=entry.colours)
        try:
            self._session = Session(entry.path.read_bytes(), threads=threads)
            self._run(np.zeros((entry.side, entry.side, 3), np.uint8))
        except Exception as error:  # ONNX Runtime's errors have no class of their own
            raise ModelError(
                f"The file of the embedder {entry.name} cannot be used: {error}.",
                remedy="Check its side, its dimension and its file: it takes (batch, 3, side, side) float32.",
            ) from error

    def embed(self, chips: Sequence[Image]) -> Floats:
        """Returns the (n, d) vectors of n chips."""
        if not chips:
            return np.empty((0, self._entry.dimension), np.float32)
        return np.concatenate([self._run(chip) for chip in chips])

    def _run(self, chip: Image) -> Floats:
        planes: Floats = (chip.transpose(2, 0, 1).astype(np.float32) - self._entry.mean) / self._entry.scale
        vectors: Floats = self._session.run(planes[None].astype(np.float32))[0]
        if vectors.shape != (1, self._entry.dimension):
            raise ValueError(f"it gives {vectors.shape} for one chip, not (1, {self._entry.dimension})")
        return vectors
