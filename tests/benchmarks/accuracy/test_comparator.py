from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.comparator import FUSION, comparators
from benchmarks.accuracy.extractor import DLIB, SFACE
from matcher.recognition.embedder_entry import read_entries
from matcher.recognition.face_model import FaceModel
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.recognition.template import Template
from tests.benchmarks.accuracy.made_up import templates
from tests.matcher.recognition.coarse_model import write_list


def test_the_fusion_is_the_services_own() -> None:
    made = templates(4, 2)
    one, other = np.array([0, 0, 3]), np.array([1, 5, 6])
    fusion = next(each for each in comparators() if each.name == FUSION)
    assert fusion.digest == FaceModel().digest
    each = [
        Template(model_digest="m", vectors={"sface": s, "dlib": d}) for s, d in zip(*made.vectors.values(), strict=True)
    ]
    expected = [DEFAULT_FUSION.compare(each[i], each[j]).fused for i, j in zip(one, other, strict=True)]
    assert fusion.pairs(made, one, other).tolist() == pytest.approx(expected, abs=1e-6)


def test_comparing_many_is_as_comparing_each_and_a_face_not_found_is_far_from_all() -> None:
    made = templates(5, 3, lost=(2, 9))
    rows, columns = np.array([0, 2, 4, 14]), np.arange(15)
    for comparator in comparators():
        block = comparator.against(made, rows, columns)
        for place, row in enumerate(rows):
            apart = comparator.pairs(made, np.full(15, row), columns)
            assert block[place] == pytest.approx(apart, abs=2e-3)  # squares of near vectors cancel in float32
        assert np.isinf(block[1]).all()
        assert np.isinf(block[:, 9]).all()
        assert np.isfinite(block).sum() == 3 * 13


def test_vectors_compared_by_angle_need_not_be_of_length_one() -> None:
    made = templates(3, 2)
    made.vectors[SFACE][...] *= 0.5
    sface = next(each for each in comparators() if each.name == SFACE)
    assert sface.pairs(made, np.array([0]), np.array([0]))[0] == pytest.approx(0, abs=1e-6)
    assert {each.name for each in comparators()} == {FUSION, SFACE, DLIB}


def test_the_fusion_is_another_where_one_is_chosen(tmp_path: Path) -> None:
    embedders, made = write_list(tmp_path), templates(4, 2)
    coarse = np.random.default_rng(0).normal(size=(8, 16)).astype(np.float32)
    made = replace(made, vectors={**made.vectors, "coarse": coarse})
    entries, model = read_entries(embedders), FaceModel.chosen(embedders, "coarse=1,dlib=0.25")
    columns = {each.name: each for each in comparators(entries, model)}
    assert list(columns) == [FUSION, SFACE, DLIB, "coarse"]
    assert columns[FUSION].digest == model.digest != columns[DLIB].digest == FaceModel().digest
    one, other = np.array([0, 3]), np.array([1, 6])
    expected = columns["coarse"].pairs(made, one, other) + 0.25 * columns[DLIB].pairs(made, one, other)
    assert columns[FUSION].pairs(made, one, other) == pytest.approx(expected)
