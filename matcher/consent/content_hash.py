"""One hash over all references and consents, which a change updates without hashing all of them again. It is a tree of
two levels: items lie in buckets, a bucket's hash is over its items' digests in the order of their keys, and the whole
is over the buckets' hashes in the order of theirs. A change costs one bucket and the list of buckets.
"""

from collections.abc import Iterable
from hashlib import sha256

Key = int | str
"""The key of an item; keys of one tree are of one type."""

_BUCKET, _BUCKETS = b"room", b"rooms"
"""Prefixes of what is hashed. The log contains hashes that were made with them, so they never change."""


class ContentHash:
    """The hash of all items of one kind. Not safe to use from several threads at once."""

    def __init__(self) -> None:
        self._buckets: dict[Key, dict[Key, bytes]] = {}
        self._hashes: dict[Key, bytes] = {}
        self._stale: set[Key] = set()

    def put(self, keys: Iterable[Key], digests: Iterable[bytes]) -> None:
        """Adds the items with these keys, or changes their digests (32 bytes, computed over the key too)."""
        buckets = self._buckets
        for key, digest in zip(keys, digests, strict=True):
            bucket = _bucket(key)
            items = buckets.get(bucket)
            if items is None:
                items = buckets[bucket] = {}
            items[key] = digest
            self._stale.add(bucket)

    def drop(self, keys: Iterable[Key]) -> None:
        """Removes items. Raises KeyError if one is not there."""
        for key in keys:
            bucket = _bucket(key)
            del self._buckets[bucket][key]
            self._stale.add(bucket)

    def digest(self) -> bytes:
        """The 32 bytes of the whole: the same for the same items, in any order of addition."""
        for bucket in self._stale:
            items = self._buckets[bucket]
            if items:
                self._hashes[bucket] = sha256(_BUCKET + b"".join(map(items.__getitem__, sorted(items)))).digest()
            else:
                del self._buckets[bucket]
                self._hashes.pop(bucket, None)
        self._stale.clear()
        return sha256(_BUCKETS + b"".join(self._hashes[bucket] for bucket in sorted(self._buckets))).digest()


def _bucket(key: Key) -> Key:
    """The bucket of a key: a thousand numbers share one, or all ids with the same first three digits, which are
    random."""
    return key >> 10 if isinstance(key, int) else key[:3]
