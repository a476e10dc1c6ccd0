from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.consent.content_hash import ContentHash

things = st.dictionaries(st.integers(0, 5000), st.binary(min_size=32, max_size=32), max_size=20)


def of(items: dict[int, bytes]) -> bytes:
    tree = ContentHash()
    tree.put(items.keys(), items.values())
    return tree.digest()


@given(things, things)
def test_the_way_there_leaves_no_trace(kept: dict[int, bytes], passing: dict[int, bytes]) -> None:
    tree = ContentHash()
    tree.put(passing.keys(), passing.values())
    tree.digest()
    tree.put(kept.keys(), kept.values())
    tree.drop(passing.keys() - kept.keys())
    assert tree.digest() == of(dict(sorted(kept.items()))) == of(dict(sorted(kept.items(), reverse=True)))


@given(things, st.integers(0, 5000))
def test_every_thing_counts(items: dict[int, bytes], key: int) -> None:
    changed = items | {key: sha256(items.get(key, b"")).digest()}
    assert of(changed) != of(items)


def test_what_is_not_there_cannot_be_dropped() -> None:
    with pytest.raises(KeyError):
        ContentHash().drop([1])
