"""SFace turns an aligned face into 128 numbers.

Zhong et al., SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition, IEEE TIP 2021.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image
from matcher.recognition.networks.alignment import FivePointAlignment
from matcher.recognition.networks.graph_cache import graph_of
from matcher.recognition.networks.session import Session
from matcher.recognition.networks.sface_network import network
from matcher.recognition.registry import SFACE


class SFace:
    """The embedder that is searched with. Safe to call from several threads at once."""

    def __init__(self, *, threads: int = 1) -> None:
        self.alignment = FivePointAlignment()
        self._session = Session(graph_of(SFACE, network), threads=threads)

    def embed(self, chips: Sequence[Image]) -> NDArray[np.float32]:
        """(n, 128) vectors of length 1 of n chips, each (112, 112, 3) BGR."""
        if not chips:
            return np.empty((0, SFACE.dimension), np.float32)
        return unit(self._session.run(np.stack(chips))[0])


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(…, d) vectors brought to length 1; one of zeros stays as it is."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: NDArray[np.float32] = (vectors / np.maximum(length, 1e-12)).astype(np.float32)
    return scaled
