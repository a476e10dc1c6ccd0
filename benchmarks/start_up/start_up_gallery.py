"""A data folder with any number of people, on which a service starts: real tables, seals and consents."""

import os
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.benchmark import Progress
from benchmarks.harness.consent import one_day
from matcher.clock import system_clock
from matcher.columns.vectors import DIMENSION, Vectors
from matcher.consent.consent import recorded
from matcher.matcher import Matcher
from matcher.people import records
from matcher.recognition import packed_template
from matcher.recognition.quality import Quality
from matcher.recognition.template import Template
from matcher.settings import MatcherSettings
from matcher.store import tables
from matcher.store.sealing import SealingKey

REFERENCES_EACH = 3
_CHUNK = 2_000
_QUALITY = records.pack_quality(
    Quality(eye_distance=60, sharpness=500, yaw=0, pitch=0, roll=0, brightness=128, inside=1)
)
_PICTURE_BYTES = 64
"""Far smaller than real ones: no start reads them, and a file of ten gigabytes would only take longer to write."""

Row = Mapping[str, Any]


def fill(
    folder: Path, references: int, progress: Progress, *, purpose: str, seed: int, each: int = REFERENCES_EACH
) -> None:
    """Adds people of `each` made-up references, two of one person about as alike as real ones are.

    Thousands in each transaction, and no log entries of their enrolments: the log's length changes nothing at start.
    """
    random, people = np.random.default_rng(seed), references // each
    with Matcher.open(MatcherSettings(folder=folder)) as matcher:
        writer = _Writer(matcher, purpose)
        with progress.step(f"enrolling {references:,}", total=people) as advance:
            for begin in range(0, people, _CHUNK):
                count = min(_CHUNK, people - begin)
                rows = writer.rows(_vectors(random, count, each), random)
                with matcher.database.writing() as connection:
                    for table, values in rows.items():
                        connection.execute(tables.metadata.tables[table].insert(), values)
                    connection.execute(tables.gallery.update().values(revision=writer.people))
                advance(count)


class _Writer:
    def __init__(self, matcher: Matcher, purpose: str) -> None:
        self._matcher = matcher
        self._digest = matcher.recogniser.model_digest
        self._moment = system_clock()
        self._number = self.people = 0
        self._consent = one_day(purpose)

    def rows(self, sface: Vectors, random: np.random.Generator) -> Mapping[str, Sequence[Row]]:
        """By table, in the order in which they refer to one another. sface: (people, references of each, 128)."""
        found: dict[str, list[Row]] = {
            "subject": [],
            "subject_key": [],
            "consent": [],
            "reference": [],
            "reference_sample": [],
            "change": [],
        }
        dlib = random.normal(scale=0.1, size=sface.shape).astype(np.float32)
        for person in range(len(sface)):
            subject_id, key = str(uuid.uuid4()), SealingKey.generate()
            self.people += 1
            name = key.seal(f"Person {self.people}".encode(), context=records.name_context(subject_id))
            # One after the other, as real people come: a list of them is in this order.
            enrolled = self._moment + timedelta(microseconds=self.people)
            found["change"].append({"revision": self.people, "subject_id": subject_id})
            found["subject"].append({"id": subject_id, "sealed_name": name, "created_at": enrolled})
            wrapped = self._matcher.master_key.wrap(key, context=records.key_context(subject_id))
            found["subject_key"].append({"subject_id": subject_id, "wrapped": wrapped})
            consent = recorded(self._consent, subject_id=subject_id, moment=self._moment)
            found["consent"].append(records.consent_row(consent))
            for at in range(sface.shape[1]):
                self._number += 1
                found["reference"].append(self._reference(subject_id, key, sface[person, at], dlib[person, at]))
                sample = {"sealed_picture": os.urandom(_PICTURE_BYTES), "quality": _QUALITY}
                found["reference_sample"].append({"reference_number": self._number, **sample})
        return found

    def _reference(self, subject_id: str, key: SealingKey, sface: Vectors, dlib: Vectors) -> Row:
        reference_id = str(uuid.uuid4())
        packed = packed_template.packed(Template(model_digest=self._digest, vectors={"sface": sface, "dlib": dlib}))
        return {
            "number": self._number,
            "id": reference_id,
            "subject_id": subject_id,
            "model_digest": self._digest,
            "sealed_template": key.seal(packed, context=records.template_context(reference_id, self._digest)),
            "created_at": self._moment,
        }


def _vectors(random: np.random.Generator, people: int, each: int) -> Vectors:
    """(people, each, 128) of length 1: two of one person have a similarity of about two thirds."""
    centres = random.standard_normal((people, 1, DIMENSION), dtype=np.float32)
    deviations = random.standard_normal((people, each, DIMENSION), dtype=np.float32)
    found = centres + np.float32(np.sqrt(0.5)) * deviations
    found /= np.linalg.norm(found, axis=2, keepdims=True)
    return found
