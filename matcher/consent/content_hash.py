"""One hash that names all references and consents, kept up by what changes and not made anew.

A tree of two storeys: things lie in rooms, a room's hash is over its things' digests in the order of their keys, and
the whole is over the rooms' hashes in the order of theirs. A change costs one room and the list of rooms.
"""

from collections.abc import Iterable
from hashlib import sha256

Key = int | str
"""Of one kind within one tree."""


class ContentHash:
    """The hash of one kind of thing. Not safe to use from several threads at once."""

    def __init__(self) -> None:
        self._rooms: dict[Key, dict[Key, bytes]] = {}
        self._hashes: dict[Key, bytes] = {}
        self._stale: set[Key] = set()

    def put(self, keys: Iterable[Key], digests: Iterable[bytes]) -> None:
        """Adds the things with these keys, or changes their digests (32 bytes, which name the key too)."""
        rooms = self._rooms
        for key, digest in zip(keys, digests, strict=True):
            room = _room(key)
            things = rooms.get(room)
            if things is None:
                things = rooms[room] = {}
            things[key] = digest
            self._stale.add(room)

    def drop(self, keys: Iterable[Key]) -> None:
        """Takes things out. Raises KeyError if one is not there."""
        for key in keys:
            room = _room(key)
            del self._rooms[room][key]
            self._stale.add(room)

    def digest(self) -> bytes:
        """The 32 bytes that name all of it: the same for the same things, in whatever order they came."""
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
    """By a thousand numbers, or by the first three digits of an id, which is random."""
    return key >> 10 if isinstance(key, int) else key[:3]
