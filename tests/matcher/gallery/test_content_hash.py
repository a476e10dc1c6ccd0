from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.gallery.content_hash import ContentHash

things = st.dictionaries(st.integers(0, 5000), st.binary(min_size=32, max_size=32), max_size=20)


def of(items: dict[int, bytes]) -> bytes:
    tree = ContentHash()
    for key, digest in items.items():
        tree.put(key, digest)
    return tree.digest()


@given(things, things)
def test_the_way_there_leaves_no_trace(kept: dict[int, bytes], passing: dict[int, bytes]) -> None:
    tree = ContentHash()
    for key, digest in passing.items():
        tree.put(key, digest)
    tree.digest()
    for key, digest in kept.items():
        tree.put(key, digest)
    for key in passing.keys() - kept.keys():
        tree.drop(key)
    assert tree.digest() == of(dict(sorted(kept.items()))) == of(dict(sorted(kept.items(), reverse=True)))


@given(things, st.integers(0, 5000))
def test_every_thing_counts(items: dict[int, bytes], key: int) -> None:
    changed = items | {key: sha256(items.get(key, b"")).digest()}
    assert of(changed) != of(items)


def test_what_is_not_there_cannot_be_dropped() -> None:
    with pytest.raises(KeyError):
        ContentHash().drop(1)
