from pathlib import Path

import pytest

from matcher.recognition.face_model import FaceModel, FusionSettingError
from matcher.recognition.registry import DEFAULT_FUSION
from tests.matcher.recognition.coarse_model import write_list


def test_without_a_setting_it_is_the_default_one(tmp_path: Path) -> None:
    assert FaceModel.chosen() == FaceModel.chosen(write_list(tmp_path)) == FaceModel()
    assert FaceModel.chosen(fusion="sface=1,dlib=0.5") == FaceModel()
    assert FaceModel().fusion == DEFAULT_FUSION


def test_weights_change_no_template_and_embedders_do(tmp_path: Path) -> None:
    embedders, default = write_list(tmp_path), FaceModel()
    assert FaceModel.chosen(fusion="sface=1, dlib=0.7").digest == default.digest
    digests = {FaceModel.chosen(embedders, one).digest for one in ("sface=1", "coarse=1", "coarse=2,sface=1")}
    assert len(digests | {default.digest}) == 4
    other = FaceModel.chosen(write_list(tmp_path, colours="bgr"), "coarse=1")
    assert other.digest not in digests


def test_the_first_is_searched(tmp_path: Path) -> None:
    model = FaceModel.chosen(write_list(tmp_path), "coarse=1,dlib=0.5")
    assert model.fusion.searched.embedder == "coarse"
    assert model.fusion.dimensions == {"coarse": 16, "dlib": 128}
    assert [entry.name for entry in model.entries] == ["coarse"]


@pytest.mark.parametrize(
    ("fusion", "said"),
    [
        ("", "'' is no embedder with a weight"),
        ("sface", "'sface' is no embedder with a weight"),
        ("sface=much", "no embedder with a weight"),
        ("sface=nan", "no finite weight"),
        ("sface=1,sface=2", "is there twice"),
        ("sface=0", "numbers above 0"),
        ("sface=-1", "numbers above 0"),
        ("arcface=1", "arcface is no embedder"),
        ("dlib=1", "searched by the cosine"),
    ],
)
def test_a_fusion_that_cannot_be_is_refused(fusion: str, said: str) -> None:
    with pytest.raises(FusionSettingError, match=said):
        FaceModel.chosen(fusion=fusion)
