"""The loss marker: a relay inserts it into a video stream where RTP packets were lost, and a source reads it. It is an
SEI message of the kind user_data_unregistered (ITU-T H.264 D.1.6, H.265 D.2.7), which decoders ignore. It stays with
the frame that the loss damaged, also when that frame waits.
"""

import uuid

LOSS_MARKER = uuid.UUID("6f1d5c3a-92b7-4e8d-a1c4-7be95d2f8a63").bytes
"""Has no two zero bytes in a row, so that no emulation prevention byte is inserted (ITU-T H.264 7.4.1)."""

_PAYLOAD = bytes([5, len(LOSS_MARKER)]) + LOSS_MARKER + b"\x80"
"""Payload type and size, the UUID, and the stop bit."""

_NAL_HEADERS = {"H264": b"\x06", "H265": b"\x4e\x01"}
"""NAL unit type 6 of H.264, prefix SEI (39) of H.265, by the encoding name of the SDP (RFC 6184, RFC 7798)."""


def loss_marker_unit(encoding: str) -> bytes | None:
    """The NAL unit, without a start code, for an encoding name of the SDP; None for an encoding without such a
    marker."""
    header = _NAL_HEADERS.get(encoding.upper())
    return None if header is None else header + _PAYLOAD
