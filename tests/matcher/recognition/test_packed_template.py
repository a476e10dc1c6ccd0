import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from matcher.recognition.packed_template import packed, packed_numbers, unpacked
from matcher.recognition.template import Template

VECTORS = st.dictionaries(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789.-", min_size=1, max_size=40),
    arrays(np.float32, st.integers(1, 600), elements=st.floats(-10, 10, width=32)),
    min_size=1,
    max_size=5,
)


@given(vectors=VECTORS)
def test_what_is_packed_is_unpacked_and_its_numbers_stand_one_behind_the_other(vectors: dict[str, np.ndarray]) -> None:
    data = packed(Template(model_digest="m", vectors=vectors))
    made = unpacked(data, "m")
    assert list(made.vectors) == list(vectors)
    assert all(np.array_equal(made.vectors[name], vector) for name, vector in vectors.items())
    numbers = packed_numbers(data, {name: len(vector) for name, vector in vectors.items()})
    assert numbers == np.concatenate(list(vectors.values())).astype("<f4").tobytes()
    assert list(unpacked(data + b"a picture", "m").vectors) == list(vectors), "what stands behind it is left alone"


def test_the_bytes_are_those_that_the_format_names() -> None:
    data = packed(Template(model_digest="m", vectors={"ab": np.array([1, 2], np.float32)}))
    assert data == b"CGT2" + b"\x01" + b"\x02ab\x02\x00" + b"\x00\x00\x80\x3f" + b"\x00\x00\x00\x40"


def test_without_a_header_it_is_sfaces_and_dlibs_vectors() -> None:
    both = np.arange(256, dtype="<f4")
    made = unpacked(both.tobytes(), "m").vectors
    assert list(made) == ["sface", "dlib"]
    assert np.array_equal(np.hstack(list(made.values())), both)
    assert packed_numbers(both.tobytes(), {"sface": 128, "dlib": 128}) == both.tobytes()


@given(vectors=VECTORS, share=st.floats(0, 1, exclude_max=True))
def test_a_part_of_it_is_none(vectors: dict[str, np.ndarray], share: float) -> None:
    data = packed(Template(model_digest="m", vectors=vectors))
    part = data[: int(share * len(data))]
    if len(part) >= 1024 and not part.startswith(b"CGT2"):
        return
    with pytest.raises(ValueError, match="packed template"):
        unpacked(part, "m")


def test_vectors_of_another_fusion_are_not_taken_for_ones_own() -> None:
    data = packed(Template(model_digest="m", vectors={"other": np.zeros(256, np.float32)}))
    for dimensions in ({"sface": 128, "dlib": 128}, {"other": 255}, {"other": 256, "more": 1}):
        with pytest.raises(ValueError, match="are wanted"):
            packed_numbers(data, dimensions)
