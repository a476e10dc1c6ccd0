from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.picture.pixel_array import Image
from matcher.recognition.embedder_entry import read_entries
from matcher.recognition.face_model import FaceModel
from matcher.recognition.networks.onnx_embedder import OnnxEmbedder
from matcher.recognition.networks.pipeline import load_recogniser
from matcher.recognition.networks.weights import ModelError
from matcher.recognition.pixels import mirrored
from tests.matcher.recognition.coarse_model import write_list


def test_a_registered_embedder_is_part_of_a_template_like_any_other(tmp_path: Path, astronaut: Image) -> None:
    embedders = write_list(tmp_path)
    recogniser = load_recogniser(FaceModel.chosen(embedders, "coarse=1,sface=0.5"), eager=True)
    default = load_recogniser()
    images = [astronaut, mirrored(astronaut)]
    faces = [found[0] for found in recogniser.detect(images)]
    one, other = recogniser.extract(images, faces)
    assert {name: vector.shape for name, vector in one.vectors.items()} == {"coarse": (16,), "sface": (128,)}
    assert recogniser.fusion.fits(one) and one.model_digest == recogniser.model_digest != default.model_digest
    assert np.array_equal(one.vectors["sface"], default.extract(images, faces)[0].vectors["sface"])
    assert float(one.vectors["coarse"] @ other.vectors["coarse"]) > 0.97, "a face and its mirror image"
    apart = recogniser.fusion.compare(one, other)
    assert apart.fused == pytest.approx(apart.scores["coarse"] + 0.5 * apart.scores["sface"])


def test_colours_decide(tmp_path: Path, astronaut: Image) -> None:
    chips = []
    for colours in ("rgb", "bgr"):
        (entry,) = read_entries(write_list(tmp_path, colours=colours))
        face = load_recogniser(embedders=False).detect([astronaut])[0][0]
        chips.append(OnnxEmbedder(entry).alignment.chip(astronaut, face))
    assert np.array_equal(chips[0], chips[1][:, :, ::-1])
    assert OnnxEmbedder(entry).embed([]).shape == (0, 16)


@pytest.mark.parametrize("changes", [{"dimension": 32}, {"side": 128}])
def test_a_file_that_is_no_such_network_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    (entry,) = read_entries(write_list(tmp_path, **changes))
    with pytest.raises(ModelError, match="embedder coarse cannot be used"):
        OnnxEmbedder(entry)
