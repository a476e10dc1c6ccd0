"""One hash that names all references and consents, kept up by what changes and not made anew.

A tree of two storeys: things lie in rooms, a room's hash is over its things' digests in the order of their keys, and
the whole is over the rooms' hashes in the order of theirs. A change costs one room and the list of rooms.
"""

from hashlib import sha256

Key = int | str
"""Of one kind within one tree."""


class ContentHash:
    """The hash of one kind of thing. Not safe to use from several threads at once."""

    def __init__(self) -> None:
        self._rooms: dict[Key, dict[Key, bytes]] = {}
        self._hashes: dict[Key, bytes] = {}

    def put(self, key: Key, digest: bytes) -> None:
        """Adds the thing with this key, or changes its digest (32 bytes, which name the key too)."""
        room = _room(key)
        things = self._rooms.get(room)
        if things is None:
            things = self._rooms[room] = {}
        things[key] = digest
        self._hashes.pop(room, None)

    def drop(self, key: Key) -> None:
        """Takes a thing out. Raises KeyError if it is not there."""
        room = _room(key)
        del self._rooms[room][key]
        self._hashes.pop(room, None)
        if not self._rooms[room]:
            del self._rooms[room]

    def digest(self) -> bytes:
        """The 32 bytes that name all of it: the same for the same things, in whatever order they came."""
        for room, things in self._rooms.items():
            if room not in self._hashes:
                self._hashes[room] = sha256(b"room" + b"".join(things[key] for key in sorted(things))).digest()
        return sha256(b"rooms" + b"".join(self._hashes[room] for room in sorted(self._rooms))).digest()


def _room(key: Key) -> Key:
    """By a thousand numbers, or by the first three digits of an id, which is random."""
    return key >> 10 if isinstance(key, int) else key[:3]
