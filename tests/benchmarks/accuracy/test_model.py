import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.accuracy.extractor import ServiceExtractor
from benchmarks.accuracy.model import Model, ModelEmbedder, read_models
from benchmarks.harness.errors import ModelFileError
from matcher.picture.pixel_array import Image
from matcher.recognition.networks.pipeline import load_recogniser
from matcher.recognition.pixels import mirrored


def write_model(path: Path, *, seed: int = 0) -> str:
    """A network that is no good: each colour plane's means of a coarse grid, mixed. Its digest."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(seed).normal(size=(3 * 7 * 7, 16)).astype("f4")
    nodes = [
        helper.make_node("AveragePool", ["picture"], ["coarse"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Flatten", ["coarse"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["vector"]),
    ]
    graph = helper.make_graph(
        nodes,
        "coarse",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, 112, 112])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, 16])],
        [numpy_helper.from_array(weights, "weights")],
    )
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    path.write_bytes(data)
    assert onnx.load_from_string(data).graph.name == "coarse"
    return hashlib.sha256(data).hexdigest()


def write_list(folder: Path, **changes: Any) -> Path:
    entry = {"name": "coarse", "file": "coarse.onnx", "licence": "CC0-1.0"}
    entry["sha256"] = write_model(folder / "coarse.onnx")
    path = folder / "models.json"
    path.write_text(json.dumps([entry | changes]))
    return path


def test_a_registered_model_gives_vectors_of_a_face_and_its_mirror_image(tmp_path: Path, astronaut: Image) -> None:
    (model,) = read_models(write_list(tmp_path))
    assert model == Model(
        name="coarse", path=tmp_path / "coarse.onnx", sha256=model.sha256, licence="CC0-1.0", mean=127.5, scale=127.5
    )
    recogniser = load_recogniser(embedders=False)
    images = [astronaut, mirrored(astronaut)]
    faces = [found[0] for found in recogniser.detect(images)]
    one, other = ModelEmbedder(model).embed(images, recogniser.refine(images, faces))
    assert one.shape == (16,)
    assert float(one @ other / np.linalg.norm(one) / np.linalg.norm(other)) > 0.97
    blue = ModelEmbedder(Model(name="b", path=model.path, sha256="", licence="", colours="bgr"))
    assert not np.allclose(blue.embed(images[:1], faces[:1]), ModelEmbedder(model).embed(images[:1], faces[:1]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sha256": "0" * 64}, "hashes to"),
        ({"file": "missing.onnx"}, "No such file"),
        ({"colours": "grey"}, "neither rgb nor bgr"),
        ({"flavour": "sweet"}, "flavour"),
        ({"scale": 0}, "scale"),
        ({"name": 5}, "a name is text"),
        ({"name": "fusion"}, "'fusion' cannot be a model's name"),
        ({"name": "../x"}, "cannot be a model's name"),
    ],
)
def test_a_model_that_is_not_as_registered_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelFileError, match=said):
        read_models(write_list(tmp_path, **changes))


def test_a_list_that_is_none_is_refused(tmp_path: Path) -> None:
    for content in ("{", '["a"]', '{"name": "a"}', "5"):
        (tmp_path / "models.json").write_text(content)
        with pytest.raises(ModelFileError, match="list of models"):
            read_models(tmp_path / "models.json")


def test_vectors_of_other_preprocessing_are_others(tmp_path: Path) -> None:
    (rgb,) = read_models(write_list(tmp_path))
    (bgr,) = read_models(write_list(tmp_path, colours="bgr"))
    assert ServiceExtractor([rgb]).digest != ServiceExtractor([bgr]).digest != ServiceExtractor().digest
