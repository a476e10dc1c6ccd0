"""A photograph of many people: all faces in it are looked for, and each that may be used is a search of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from matcher.probe.photograph import FoundFace, Photograph
from matcher.probe.probe import Origin, Probe, Query
from matcher.probe.sample import FaceSample, Sampler, listing
from matcher.probe.small_faces import SmallFaceGate
from matcher.recognition.errors import TooManyFacesError
from matcher.recognition.face_listing import FaceListing, ListedFace
from matcher.recognition.image import PictureBytes
from matcher.search.candidate import CandidateList
from matcher.search.identification import Identifier

MOST_FACES = 1_000
"""How many faces one call searches for at most: with 60 ms a face it then takes a minute."""

_BATCH = 16
"""How many faces are extracted between two reports of progress."""

Progress = Callable[[int, int], None]
"""Called with how many faces are done, and of how many."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Crowd:
    """A photograph whose faces are to be searched for. id: random. least_eye_distance: pixels, asked of each face."""

    id: str
    photograph: Photograph
    least_eye_distance: float

    @property
    def listing(self) -> FaceListing:
        """All its faces, also those that may not be used."""
        return listing(self.photograph)

    @property
    def usable(self) -> list[tuple[int, FoundFace]]:
        """The faces that will be searched for, each with its index from 1."""
        return [(index, face) for index, face in enumerate(self.photograph.faces, start=1) if not face.reasons]


@dataclass(frozen=True, kw_only=True)
class SearchedFace:
    """A face of a crowd. answer: None if it may not be used; then its reasons say why."""

    face: ListedFace
    answer: CandidateList | None


class CrowdSearcher:
    """Looks for the faces of a photograph, and searches for all of them. Safe to use from several threads."""

    def __init__(self, sampler: Sampler, identifier: Identifier) -> None:
        self._sampler = sampler
        self._identifier = identifier

    def find(self, data: PictureBytes, *, least_eye_distance: float | None = None) -> Crowd:
        """The faces of a picture, none of them searched for yet.

        least_eye_distance: pixels between the eyes that a face needs, LEAST_EYE_DISTANCE or more (see `SmallFaceGate`);
        None: as many as the quality gate asks for.
        Raises an image error, or TooManyFacesError.
        """
        gate = self._sampler.gate
        least = gate.min_eye_distance if least_eye_distance is None else least_eye_distance
        photograph = self._sampler.crowd(data, SmallFaceGate.of(gate, least_eye_distance=least))
        crowd = Crowd(id=uuid4().hex, photograph=photograph, least_eye_distance=least)
        if len(crowd.usable) > MOST_FACES:
            raise TooManyFacesError(
                f"The photograph has {len(crowd.usable):,} faces to search for; one call takes {MOST_FACES:,}.",
                remedy="Cut the photograph into parts, or ask for a larger distance between the eyes.",
                faces=len(crowd.usable),
            )
        return crowd

    def search(self, crowd: Crowd, query: Query, progress: Progress | None = None) -> list[SearchedFace]:
        """Each face of the crowd, the largest first, and what was found for it. Raises as `Identifier.identify_all`."""
        usable = crowd.usable
        probes = self._probes(crowd, usable, progress)
        answers = self._identifier.identify_all(probes, query)
        answer_of = {index: answer for (index, _), answer in zip(usable, answers, strict=True)}
        return [SearchedFace(face=face, answer=answer_of.get(face.index)) for face in crowd.listing.faces]

    def _probes(self, crowd: Crowd, usable: list[tuple[int, FoundFace]], progress: Progress | None) -> list[Probe]:
        samples: list[FaceSample] = []
        for start in range(0, len(usable), _BATCH):
            batch = [face for _, face in usable[start : start + _BATCH]]
            samples += self._sampler.samples(crowd.photograph.image, batch)
            if progress is not None:
                progress(len(samples), len(usable))
        return [
            sample.probe(
                Origin(
                    photograph=crowd.id,
                    face=index,
                    searched=len(usable),
                    least_eye_distance=crowd.least_eye_distance,
                )
            )
            for (index, _), sample in zip(usable, samples, strict=True)
        ]
