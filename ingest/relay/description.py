"""Reads a stream's description (SDP, RFC 8866): the encoding of payload types, and the addresses of tracks."""

import re

_CONTROL = re.compile(r"^a=control:(rtsps?://\S+)", re.MULTILINE)
_RTPMAP = re.compile(r"^a=rtpmap:(\d{1,3})\s+([^/\s]+)/", re.MULTILINE)


def encodings(description: bytes) -> dict[int, str]:
    """The encoding name, such as H264, of each dynamic payload type."""
    text = description.decode("utf-8", "replace")
    return {int(number): name.upper() for number, name in _RTPMAP.findall(text)}


def control_addresses(description: bytes) -> list[str]:
    """The tracks' addresses where they are absolute (RFC 2326, C.1.1)."""
    return _CONTROL.findall(description.decode("utf-8", "replace"))
