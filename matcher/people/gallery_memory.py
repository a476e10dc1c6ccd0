"""What is in memory of the gallery: consents, templates and the index, brought after the database by each change."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from matcher.consent.consents import Consents
from matcher.index.index import StartingIndex
from matcher.metrics import MatcherMetrics
from matcher.people.loading import Loaded
from matcher.probe.sample import FaceSample


class GalleryMemory:
    """Follows what was committed, one change at a time: its caller sees to that. Reading is safe meanwhile."""

    def __init__(self, loaded: Loaded, index: StartingIndex, metrics: MatcherMetrics | None) -> None:
        self.book = loaded.book
        self.templates = loaded.templates
        self._index = index
        self._metrics = metrics
        index.start(self.templates.searched)
        self._measure()

    def enrolled(
        self,
        revision: int,
        subject_id: str,
        added: Mapping[int, tuple[str, bytes]],
        samples: Sequence[FaceSample],
        moment: datetime,
        *,
        consents: Consents | None = None,
    ) -> None:
        """References came. added: their ids and digests by number. moment: of the change. The book last: what it allows
        can be found and scored."""
        templates = [sample.template for sample in samples]
        sface = np.stack([template.sface for template in templates], dtype=np.float32)
        dlib = np.stack([template.dlib for template in templates], dtype=np.float32)
        numbers = np.array(list(added), dtype=np.int64)
        self.templates.put(numbers, [subject_id] * len(added), np.hstack([sface, dlib]))
        self._index.add(numbers, sface)
        references = {number: (subject_id, digest) for number, (_, digest) in added.items()}
        self.book.update(revision, consents=consents, references=references, moment=moment)
        self._measure()

    def consented(self, revision: int, consents: Consents, moment: datetime) -> None:
        """Consents came, or were taken back, at this moment."""
        self.book.update(revision, consents=consents, moment=moment)

    def withdrew(self, revision: int, subject_id: str, numbers: Sequence[int]) -> None:
        """A subject left. numbers: of their references."""
        gone = np.array(numbers, dtype=np.int64)
        self._index.remove(gone)
        self.templates.drop(gone)
        self.book.update(revision, gone=subject_id)
        self._measure()

    def _measure(self) -> None:
        if self._metrics is not None:
            self._metrics.index_size.set(self.book.size)
