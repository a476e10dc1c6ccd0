"""A scene with its ground truth: a video of people who walk through, and a record of each person's position in each
frame."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.rehearsal.errors import RehearsalError
from ingest.rehearsal.film import stamp
from ingest.rehearsal.film.choreography import Distance, Stage, Walk, plan_walks
from ingest.rehearsal.film.drawing import background, draw
from ingest.rehearsal.film.film import Film
from ingest.rehearsal.film.portrait import Person, Portrait
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Box

Advance = Callable[[int, int], None]
"""Called after each frame with the number of frames done and of all frames."""


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """A face in one frame. eye_distance: pixels as seen. visible: share of the face that is inside and not hidden."""

    box: Box
    eye_distance: float
    yaw: float
    visible: float


@dataclass(frozen=True, kw_only=True)
class Passage:
    """One walk through the view. person: None for a stranger. appearances[i] is frame `first + i`."""

    number: int
    person: str | None
    distance: Distance
    first: int
    appearances: Sequence[Appearance]

    @property
    def last(self) -> int:
        """The last frame, inclusive."""
        return self.first + len(self.appearances) - 1

    def at(self, frame: int) -> Appearance | None:
        """The face in a frame; None before and after the walk."""
        return self.appearances[frame - self.first] if self.first <= frame <= self.last else None


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A composed file and its truth."""

    path: Path
    width: int
    height: int
    fps: int
    frames: int
    passages: Sequence[Passage]

    @property
    def seconds(self) -> float:
        """How long it lasts before it starts over."""
        return self.frames / self.fps

    def present(self, frame: int) -> list[tuple[Passage, Appearance]]:
        """All appearances in a frame."""
        found = ((passage, passage.at(frame)) for passage in self.passages)
        return [(passage, appearance) for passage, appearance in found if appearance is not None]


def compose_scene(
    path: Path,
    *,
    people: Sequence[Person],
    strangers: Sequence[Sequence[Portrait]],
    seconds: float,
    width: int = 1920,
    height: int = 1080,
    fps: int = 25,
    at_once: int = 4,
    seed: int = 1,
    stamped: bool = False,
    progress: Advance | None = None,
) -> Scene:
    """Writes an H.264 file (libx264, a key frame a second, no B-frames) and returns it with its truth.

    The first of the people walks first, and near. strangers: each one's portraits. at_once: how many walk at the same
    time at most. stamped: whether each picture bears its number as a `stamp`. The same arguments give the same walks.
    RehearsalError: nobody to show, or no time for one walk.
    """
    actors = [(person.name, person.portraits) for person in people] + [(None, own) for own in strangers]
    stage = Stage(width=width, height=height, fps=fps, frames=round(seconds * fps))
    walks = plan_walks([len(own) for _, own in actors], stage, at_once=at_once, seed=seed) if actors else ()
    if not walks:
        raise RehearsalError("The scene has nobody in it.", remedy="Give at least one person and five seconds.")
    records: list[list[Appearance]] = [[] for _ in walks]
    empty = background(width, height, seed)
    with Film(path, width=width, height=height, fps=fps) as film:
        for frame in range(stage.frames):
            picture = _compose(empty, frame, walks, actors, records)
            if stamped:
                stamp.draw(picture, frame)
            film.add(picture)
            if progress is not None:
                progress(frame + 1, stage.frames)
    passages = [
        Passage(
            number=number,
            person=actors[walk.actor][0],
            distance=walk.distance,
            first=walk.first,
            appearances=tuple(records[number]),
        )
        for number, walk in enumerate(walks)
    ]
    return Scene(path=path, width=width, height=height, fps=fps, frames=stage.frames, passages=tuple(passages))


def _compose(
    empty: Image,
    frame: int,
    walks: Sequence[Walk],
    actors: Sequence[tuple[str | None, Sequence[Portrait]]],
    records: Sequence[list[Appearance]],
) -> Image:
    """Draws one picture and records every appearance in it. Lower lanes stand in front of higher ones."""
    picture = empty.copy()
    now = sorted((n for n, walk in enumerate(walks) if walk.first <= frame <= walk.last), key=lambda n: walks[n].lane)
    poses = {number: walks[number].pose(frame) for number in now}
    drawn = {n: draw(picture, actors[walks[n].actor][1][walks[n].portrait], poses[n]) for n in now}
    for place, number in enumerate(now):
        box = drawn[number].face
        hidden = sum(drawn[other].covers(box) for other in now[place + 1 :])
        records[number].append(
            Appearance(
                box=box,
                eye_distance=drawn[number].eye_distance,
                yaw=poses[number].yaw,
                visible=max(_inside(box, picture) - hidden, 0.0),
            )
        )
    return picture


def _inside(box: Box, picture: Image) -> float:
    height, width = picture.shape[0], picture.shape[1]
    across = max(min(box.x + box.width, float(width)) - max(box.x, 0.0), 0.0)
    down = max(min(box.y + box.height, float(height)) - max(box.y, 0.0), 0.0)
    return across * down / max(box.width * box.height, 1e-9)
