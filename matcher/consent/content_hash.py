"""One hash that names all references and consents, updated by each change and not computed again.

A tree of two levels: each key belongs to a bucket, a bucket's hash is over its digests in the order of their keys, and
the whole is over the buckets' hashes in the order of theirs. A change costs one bucket and the list of buckets.
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
        """Adds the things with these keys, or changes their digests (32 bytes, which name the key too)."""
        buckets = self._buckets
        for key, digest in zip(keys, digests, strict=True):
            bucket = _bucket(key)
            digests_by_key = buckets.get(bucket)
            if digests_by_key is None:
                digests_by_key = buckets[bucket] = {}
            digests_by_key[key] = digest
            self._stale.add(bucket)

    def drop(self, keys: Iterable[Key]) -> None:
        """Removes items. Raises KeyError if one is not there."""
        for key in keys:
            bucket = _bucket(key)
            del self._buckets[bucket][key]
            self._stale.add(bucket)

    def digest(self) -> bytes:
        """The 32 bytes that name all of it: the same for the same things, in whatever order they came."""
        for bucket in self._stale:
            digests = self._buckets[bucket]
            if digests:
                in_order = map(digests.__getitem__, sorted(digests))
                self._hashes[bucket] = sha256(b"room" + b"".join(in_order)).digest()
            else:
                del self._buckets[bucket]
                self._hashes.pop(bucket, None)
        self._stale.clear()
        # The two prefixes stand in the hashes of logs that exist: they stay.
        return sha256(b"rooms" + b"".join(self._hashes[bucket] for bucket in sorted(self._buckets))).digest()


def _bucket(key: Key) -> Key:
    """Of 1,024 successive numbers, or of all ids with the same first three digits; ids are random."""
    return key >> 10 if isinstance(key, int) else key[:3]
