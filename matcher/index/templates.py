"""Keeps the templates of all searchable references in memory, so that scoring a shortlist needs no key and no disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matcher.columns.rows import Rows
from matcher.columns.vectors import Numbers, Vectors


@dataclass(frozen=True, kw_only=True, eq=False)
class Templates:
    """The templates of n references. numbers: (n,). subjects: (n,), equal for references of the same subject.

    vectors: by embedder, (n, d) float32, as in `matcher.recognition.template.Template`.
    """

    numbers: Numbers
    subjects: Numbers
    vectors: Mapping[str, Vectors]

    def __len__(self) -> int:
        return len(self.numbers)


class KeptTemplates:
    """All templates of a shard, 1 kB each. One thread at a time may change them, while others read."""

    def __init__(self, dimensions: Mapping[str, int], capacity: int = 1) -> None:
        """dimensions: the dimension of each embedder's vectors. capacity: how many numbers, from 0, fit at first."""
        self._vectors = {name: Rows(width, np.float32, capacity=capacity) for name, width in dimensions.items()}
        self.searched = next(iter(self._vectors.values()))
        """The first embedder's vectors, by which references are found. The index may share these rows."""
        self._subjects = Rows(1, np.int64, capacity=capacity)

    def put(self, numbers: Numbers, subject_ids: Sequence[str], vectors: Vectors) -> None:
        """Sets the templates of n references. vectors: (n, d); a row concatenates the vectors of one reference."""
        codes = {subject_id: _code(subject_id) for subject_id in set(subject_ids)}
        subjects = np.fromiter((codes[subject_id] for subject_id in subject_ids), np.int64, len(subject_ids))
        self._subjects.put(numbers, subjects[:, None])
        # The searched vectors are put last, so that every number among them has its other vectors too.
        end = vectors.shape[1]
        for rows in reversed(self._vectors.values()):
            rows.put(numbers, vectors[:, end - rows.width : end])
            end -= rows.width

    def drop(self, numbers: Numbers) -> None:
        """Overwrites the templates of these numbers; unknown numbers are ignored."""
        for rows in self._vectors.values():
            rows.drop(numbers)
        self._subjects.drop(numbers)

    def numbers_of(self, subject_id: str) -> Numbers:
        """The numbers of a subject's templates, in ascending order."""
        subjects = self._subjects
        held = subjects.held
        found: Numbers = np.flatnonzero((subjects.vectors[: len(held), 0] == _code(subject_id)) & held)
        return found

    def of(self, numbers: Numbers) -> Templates:
        """Returns the templates of these numbers, in their order; numbers without a template are left out."""
        held = self.searched.held
        numbers = numbers[(numbers >= 0) & (numbers < len(held))]
        numbers = numbers[held[numbers]]
        return Templates(
            numbers=numbers,
            subjects=self._subjects.vectors[numbers, 0],
            vectors={name: rows.vectors.take(numbers, axis=0) for name, rows in self._vectors.items()},
        )


def _code(subject_id: str) -> int:
    """The first 63 bits of a random id, in which two subjects practically never agree."""
    return int(subject_id.replace("-", "")[:16], 16) >> 1
