"""Held against the reference implementation's port, and the examples of RFC 8785 itself."""

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from matcher.tlog.canonical import canonical

texts = st.text() | st.sampled_from(['€$\x0f\nA\'B"\\\\"/', "\x7f\u2028\u2029", "\U0001f600", "\ufb33", "\b\f\r\t\x00"])
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(texts, inner),
)


@pytest.mark.slow
@given(values)
def test_it_is_what_the_whole_library_writes(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def test_the_rfcs_own_examples() -> None:
    assert (
        canonical(
            {
                "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
                "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
                "literals": [None, True, False],
            }
        ).decode()
        == '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    assert canonical(dict.fromkeys(names, 0)).decode() == (
        '{"\\r":0,"1":0,"\u0080":0,"\u00f6":0,"\u20ac":0,"\U0001f600":0,"\ufb33":0}'
    )


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 2**53, -(2**53), "\ud800", {"\ud800": 1}, {1: 2}, {"a": 1, 2: 3}, object(), b"x", {1}],
    ids=lambda value: "object" if type(value) is object else repr(value),
)
def test_what_has_no_such_form(value: Any) -> None:
    for whole in (value, {"in": [value]}):
        with pytest.raises(ValueError):
            canonical(whole)
