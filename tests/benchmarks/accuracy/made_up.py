"""People who are not: templates drawn around centres, and an extractor that makes vectors of any bytes."""

import hashlib
from pathlib import Path

import numpy as np

from benchmarks.accuracy.extractor import DLIB, SFACE, Extracted
from benchmarks.accuracy.templates import Templates


def templates(people: int, pictures: int, *, seed: int = 0, lost: tuple[int, ...] = ()) -> Templates:
    """`pictures` of each, named `<person>/<number>`. lost: rows in which no face was found."""
    random = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), pictures)
    sface = random.normal(size=(people, 16))[person] + 0.4 * random.normal(size=(len(person), 16))
    dlib = (random.normal(size=(people, 16))[person] + 0.4 * random.normal(size=(len(person), 16))) / 8
    found = np.ones(len(person), bool)
    found[list(lost)] = False
    vectors = {SFACE: sface / np.linalg.norm(sface, axis=1, keepdims=True), DLIB: dlib}
    return Templates(
        names=tuple(f"{who:03d}/{number}" for who in range(people) for number in range(pictures)),
        found=found,
        quality=random.random(len(person)).astype("f4") * found,
        vectors={name: (each * found[:, None]).astype("f4") for name, each in vectors.items()},
    )


class HashExtractor:
    """Vectors from the bytes' hash; finds no face in `b"nobody"`, and stops at `b"broken"`. Counts what it does."""

    def __init__(self, counted: Path) -> None:
        self._counted = counted
        self.digest = hashlib.sha256(b"hash extractor").hexdigest()

    def load(self) -> None:
        """Nothing to read."""

    def extract(self, data: bytes, landmarks: object) -> Extracted | None:
        """See `benchmarks.accuracy.extractor.Extractor`."""
        with self._counted.open("a", encoding="utf-8") as file:
            file.write("x")
        if data == b"broken":
            raise RuntimeError("broken")
        if data == b"nobody":
            return None
        seed = int.from_bytes(hashlib.sha256(data).digest()[:8], "little")
        vector = np.random.default_rng(seed).normal(size=8).astype("f4")
        return Extracted(quality=0.5, vectors={SFACE: vector / np.linalg.norm(vector), DLIB: vector})
