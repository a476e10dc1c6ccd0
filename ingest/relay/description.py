"""What a relay reads in a stream's description (SDP, RFC 8866): how each payload type is encoded."""

import re

_RTPMAP = re.compile(r"^a=rtpmap:(\d{1,3})\s+([^/\s]+)/", re.MULTILINE)


def encodings(description: bytes) -> dict[int, str]:
    """The encoding name, such as H264, of each dynamic payload type."""
    text = description.decode("utf-8", "replace")
    return {int(number): name.upper() for number, name in _RTPMAP.findall(text)}
