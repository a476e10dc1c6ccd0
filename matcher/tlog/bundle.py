"""Bundles: entries of a log, one after the other, each behind its length (C2SP tlog-tiles)."""

import struct
from collections.abc import Iterable

_LENGTH = struct.Struct(">H")


def pack_bundle(entries: Iterable[bytes]) -> bytes:
    """The leaves, of at most 65,535 bytes each, as one bundle."""
    return b"".join(_LENGTH.pack(len(data)) + data for data in entries)


def unpack_bundle(packed: bytes, count: int) -> list[bytes]:
    """The `count` leaves of a bundle. Raises ValueError if it holds fewer or more, or ends within one."""
    entries: list[bytes] = []
    at = 0
    for _ in range(count):
        begin = at + _LENGTH.size
        if begin > len(packed):
            raise ValueError(f"a bundle of {len(entries)} entries, not {count}")
        at = begin + _LENGTH.unpack_from(packed, at)[0]
        if at > len(packed):
            raise ValueError(f"a bundle that ends within entry {len(entries)}")
        entries.append(packed[begin:at])
    if at != len(packed):
        raise ValueError(f"a bundle of more than {count} entries")
    return entries
