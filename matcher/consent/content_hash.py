"""One hash over all references and consents, which a change updates without hashing all of them again. It is a tree of
two levels: items lie in buckets, a bucket's hash is over its items' digests in the order of their keys, and the whole
is over the buckets' hashes in the order of theirs. A change costs one bucket and the list of buckets.
"""

from collections.abc import Iterable
from hashlib import sha256

Key = int | str
"""The key of an item; keys of one tree are of one type."""


class ContentHash:
    """The hash of all items of one kind. Not safe to use from several threads at once."""

    def __init__(self) -> None:
        self._rooms: dict[Key, dict[Key, bytes]] = {}
        self._hashes: dict[Key, bytes] = {}
        self._stale: set[Key] = set()

    def put(self, keys: Iterable[Key], digests: Iterable[bytes]) -> None:
        """Adds the items with these keys, or changes their digests (32 bytes, computed over the key too)."""
        rooms = self._rooms
        for key, digest in zip(keys, digests, strict=True):
            room = _room(key)
            things = rooms.get(room)
            if things is None:
                things = rooms[room] = {}
            things[key] = digest
            self._stale.add(room)

    def drop(self, keys: Iterable[Key]) -> None:
        """Removes items. Raises KeyError if one is not there."""
        for key in keys:
            room = _room(key)
            del self._rooms[room][key]
            self._stale.add(room)

    def digest(self) -> bytes:
        """The 32 bytes of the whole: the same for the same items, in any order of addition."""
        for room in self._stale:
            things = self._rooms[room]
            if things:
                self._hashes[room] = sha256(b"room" + b"".join(map(things.__getitem__, sorted(things)))).digest()
            else:
                del self._rooms[room]
                self._hashes.pop(room, None)
        self._stale.clear()
        return sha256(b"rooms" + b"".join(self._hashes[room] for room in sorted(self._rooms))).digest()


def _room(key: Key) -> Key:
    """The bucket of a key: a thousand numbers share one, or all ids with the same first three digits, which are
    random."""
    return key >> 10 if isinstance(key, int) else key[:3]
