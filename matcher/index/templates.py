"""The templates of all searchable references, in memory: to score a shortlist no seal is opened and no disk read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matcher.columns.rows import Rows
from matcher.columns.vectors import Numbers, Vectors


@dataclass(frozen=True, kw_only=True, eq=False)
class Templates:
    """Some of them. numbers: (n,) of the references. subjects: (n,), alike where the subject is the same one.

    vectors: by embedder, (n, d) float32, as in `matcher.recognition.template.Template`.
    """

    numbers: Numbers
    subjects: Numbers
    vectors: Mapping[str, Vectors]

    def __len__(self) -> int:
        return len(self.numbers)


class KeptTemplates:
    """A kilobyte each. Kept by a shard, its owner: one thread at a time changes it, others may read meanwhile."""

    def __init__(self, dimensions: Mapping[str, int], capacity: int = 1) -> None:
        """dimensions: of the vectors, by embedder. capacity: for how many numbers, from 0, there is room at once."""
        self._vectors = {name: Rows(width, np.float32, capacity=capacity) for name, width in dimensions.items()}
        self.searched = next(iter(self._vectors.values()))
        """The first embedder's vectors, by which references are found: the index may use these very rows."""
        self._subjects = Rows(1, np.int64, capacity=capacity)

    def put(self, numbers: Numbers, subject_ids: Sequence[str], vectors: Vectors) -> None:
        """vectors: (n, d), in each row the vectors of one reference, one behind the other."""
        codes = {subject_id: _code(subject_id) for subject_id in set(subject_ids)}
        subjects = np.fromiter((codes[subject_id] for subject_id in subject_ids), np.int64, len(subject_ids))
        self._subjects.put(numbers, subjects[:, None])
        # The searched ones last: what they have a row for, all others have.
        end = vectors.shape[1]
        for rows in reversed(self._vectors.values()):
            rows.put(numbers, vectors[:, end - rows.width : end])
            end -= rows.width

    def drop(self, numbers: Numbers) -> None:
        """Overwrites them; unknown ones are passed over."""
        for rows in self._vectors.values():
            rows.drop(numbers)
        self._subjects.drop(numbers)

    def numbers_of(self, subject_id: str) -> Numbers:
        """The numbers of a subject's templates, in order."""
        subjects = self._subjects
        held = subjects.held
        found: Numbers = np.flatnonzero((subjects.vectors[: len(held), 0] == _code(subject_id)) & held)
        return found

    def of(self, numbers: Numbers) -> Templates:
        """Those with these numbers, in their order, without those that are gone or never were there."""
        held = self.searched.held
        numbers = numbers[(numbers >= 0) & (numbers < len(held))]
        numbers = numbers[held[numbers]]
        return Templates(
            numbers=numbers,
            subjects=self._subjects.vectors[numbers, 0],
            vectors={name: rows.vectors.take(numbers, axis=0) for name, rows in self._vectors.items()},
        )


def _code(subject_id: str) -> int:
    """So much of a random id that no two subjects share it."""
    return int(subject_id.replace("-", "")[:16], 16) >> 1
