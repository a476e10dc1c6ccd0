import uuid

import numpy as np

from matcher.index.templates import KeptTemplates
from matcher.recognition.registry import DEFAULT_FUSION


def test_a_shortlist_comes_in_its_order_without_who_has_gone() -> None:
    kept, somebody, other = KeptTemplates(DEFAULT_FUSION.dimensions), str(uuid.uuid4()), str(uuid.uuid4())
    vectors = np.random.default_rng(1).normal(size=(3, 256)).astype(np.float32)
    kept.put(np.array([4, 7, 9]), [somebody, other, somebody], vectors)
    kept.drop(np.array([7, 50]))
    found = kept.of(np.array([9, 7, -1, 4, 1 << 40]))
    assert found.numbers.tolist() == [9, 4]
    assert found.subjects[0] == found.subjects[1]
    assert np.array_equal(np.hstack(list(found.vectors.values())), vectors[[2, 0]])


def test_two_subjects_are_two() -> None:
    kept, ids = KeptTemplates(DEFAULT_FUSION.dimensions), [str(uuid.uuid4()) for _ in range(500)]
    kept.put(np.arange(500), ids, np.zeros((500, 256), np.float32))
    assert len(np.unique(kept.of(np.arange(500)).subjects)) == 500


def test_all_of_it_is_what_is_searched() -> None:
    kept = KeptTemplates(DEFAULT_FUSION.dimensions)
    assert not len(kept.searched)
    vectors = np.random.default_rng(1).normal(size=(2, 256)).astype(np.float32)
    kept.put(np.array([3, 2]), [str(uuid.uuid4()), str(uuid.uuid4())], vectors)
    numbers = kept.searched.numbers()
    assert numbers.tolist() == [2, 3]
    assert np.array_equal(kept.searched.vectors[numbers], vectors[::-1, :128])
