from pathlib import Path

import av
import numpy as np
import pytest

from ingest.rehearsal.errors import RehearsalError
from ingest.rehearsal.film import stamp
from ingest.rehearsal.film.portrait import Person, Portrait
from ingest.rehearsal.film.scene import Scene, compose_scene
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Box
from matcher.recognition.image import decode_image, encode_jpeg
from matcher.recognition.recogniser import Recogniser
from matcher.recognition.registry import DEFAULT_FUSION

pytestmark = pytest.mark.slow


def overlap(one: Box, other: Box) -> float:
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(across, 0) * max(down, 0)
    return shared / (one.width * one.height + other.width * other.height - shared)


@pytest.fixture(scope="module")
def pictures(scene: Scene) -> dict[int, Image]:
    """Every tenth frame."""
    with av.open(str(scene.path)) as container:
        return {
            number: frame.to_ndarray(format="bgr24")
            for number, frame in enumerate(container.decode(video=0))
            if number % 10 == 0
        }


def test_the_file_is_what_a_camera_would_send(scene: Scene) -> None:
    with av.open(str(scene.path)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 1280, 720)
        assert stream.average_rate == 25
        assert not stream.codec_context.has_b_frames
    assert len(packets) == scene.frames == 200
    keys = [number for number, packet in enumerate(packets) if packet.is_keyframe]
    assert keys == list(range(0, 200, 25))


def test_a_detector_finds_the_faces_where_the_truth_says(
    scene: Scene, pictures: dict[int, Image], recogniser: Recogniser
) -> None:
    placed = missed = unexpected = 0
    for number, picture in pictures.items():
        faces = recogniser.detect([picture])[0]
        present = scene.present(number)
        for _, truth in present:
            if truth.visible > 0.97 and truth.eye_distance > 18:
                found = any(overlap(face.box, truth.box) > 0.4 for face in faces)
                placed, missed = placed + found, missed + (not found)
        unexpected += sum(all(overlap(face.box, truth.box) < 0.1 for _, truth in present) for face in faces)
    assert placed >= 10
    assert missed <= placed // 10
    assert unexpected == 0


def test_the_person_can_be_recognised(
    scene: Scene, pictures: dict[int, Image], astronaut: Image, recogniser: Recogniser
) -> None:
    reference = recogniser.extract([astronaut], [recogniser.detect([astronaut])[0][0]])[0]
    closest = []
    for number, picture in pictures.items():
        for passage, truth in scene.present(number):
            if passage.person == "volunteer" and truth.visible > 0.97:
                faces = [face for face in recogniser.detect([picture])[0] if overlap(face.box, truth.box) > 0.4]
                templates = recogniser.extract([picture] * len(faces), faces)
                closest += [DEFAULT_FUSION.compare(reference, template).fused for template in templates]
    assert min(closest) < 0.4


def test_the_truth_is_complete(scene: Scene) -> None:
    assert scene.seconds == 8
    assert scene.passages[0].person == "volunteer"
    assert {passage.person for passage in scene.passages} == {"volunteer", None}
    for passage in scene.passages:
        assert passage.at(passage.first - 1) is None
        assert passage.at(passage.last + 1) is None
        assert passage.at(passage.first) is passage.appearances[0]
        shares = [appearance.visible for appearance in passage.appearances]
        assert shares[0] == shares[-1] == 0, "everybody comes from beyond the picture and leaves it"
        assert 0.9 < max(shares) <= 1.01


def test_a_figure_in_front_hides_one_behind(tmp_path: Path, portrait: Portrait) -> None:
    scene = compose_scene(
        tmp_path / "crowd.mp4",
        people=[],
        strangers=[[portrait]] * 6,
        seconds=8,
        width=480,
        height=270,
        at_once=6,
    )
    hidden = [
        appearance
        for passage in scene.passages
        for appearance in passage.appearances
        if appearance.visible < 0.5 and 0 < appearance.box.x < 480 - appearance.box.width
    ]
    assert hidden


def test_nobody_or_no_time_is_an_error(tmp_path: Path, portrait: Portrait) -> None:
    path = tmp_path / "none.mp4"
    with pytest.raises(RehearsalError, match="nobody"):
        compose_scene(path, people=[], strangers=[], seconds=10)
    with pytest.raises(RehearsalError, match="nobody"):
        compose_scene(path, people=[Person(name="one", portraits=[portrait])], strangers=[], seconds=3)
    assert not path.exists()


def test_progress_is_told_for_each_frame(tmp_path: Path, portrait: Portrait) -> None:
    told: list[tuple[int, int]] = []
    people = [Person(name="one", portraits=[portrait])]
    compose_scene(
        tmp_path / "short.mp4",
        people=people,
        strangers=[],
        seconds=5,
        fps=5,
        width=320,
        height=180,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(number, 25) for number in range(1, 26)]


def test_a_portrait_holds_the_face_and_fades_at_the_edges(portrait: Portrait) -> None:
    alpha = portrait.pixels[:, :, 3]
    face = portrait.face
    inner = alpha[
        round(face.y + 0.2 * face.height) : round(face.y + 0.8 * face.height),
        round(face.x + 0.2 * face.width) : round(face.x + 0.8 * face.width),
    ]
    assert inner.min() > 250
    assert not alpha[:, [0, -1]].any()
    assert not alpha[-1].any()
    assert 0.1 < np.mean(alpha > 128) < 0.7
    assert (portrait.pixels[:, :, :3] <= alpha[:, :, None].astype(int) + 1).all(), "colours are premultiplied"


def test_each_frame_of_a_stamped_scene_bears_its_number_and_others_bear_none(
    tmp_path: Path, portrait: Portrait, pictures: dict[int, Image]
) -> None:
    people = [Person(name="one", portraits=[portrait])]
    scene = compose_scene(tmp_path / "stamped.mp4", people=people, strangers=[], seconds=6, stamped=True)
    with av.open(str(scene.path)) as container:
        views = [frame.to_ndarray(format="bgr24", width=640, height=360) for frame in container.decode(video=0)]
    assert [stamp.read(decode_image(encode_jpeg(view, 75))) for view in views] == list(range(150))
    assert {stamp.read(picture) for picture in pictures.values()} == {None}
