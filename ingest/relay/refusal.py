"""The errors for a camera that refuses, by the status of its answer, which RTSP (RFC 2326) shares with HTTP."""

import re

from ingest.camera.address import (
    Address,
    CameraAddressInvalidError,
    CameraAddressRefusedError,
    parse_address,
    split_address,
)
from ingest.stream.source import CameraLoginError, CameraStreamError, CameraUnreachableError
from matcher.errors import ClearglassError

_FULL = {453, 429, 503}
"""Not enough bandwidth, too many requests, service unavailable."""


def redirected(address: Address, target: str) -> ClearglassError:
    """The camera redirects its viewers. target: the address that the camera named; its path is not shown."""
    return CameraAddressRefusedError(
        f"{address} sends its viewers on to {_place(target)}, which nobody has allowed.",
        remedy="Give the camera's final address, if this site allows it. Nothing was sent there.",
    )


def refused_status(address: Address, status: int, *, login: bool) -> ClearglassError:
    """The error for a refusal, by its status. login: true if the request carried the camera's login."""
    if status == 403:
        return CameraLoginError(
            f"{address} does not allow this stream to be seen.",
            remedy="Check the rights of the camera's user, and the stream's path.",
        )
    if status == 401:
        return _refused_login(address) if login else _asked_for_login(address)
    if status in (404, 410):
        return CameraUnreachableError(
            f"{address} has no stream at this path.", remedy="Look the stream's path up in the camera's manual."
        )
    if status == 461:
        return CameraStreamError(
            f"{address} sends its stream by UDP only.",
            remedy="Turn on RTP over TCP (also called interleaved) in the camera's settings.",
        )
    if status in _FULL:
        return CameraUnreachableError(
            f"{address} has no room for another viewer (status {status}).",
            remedy="Close other viewers of the camera, or raise how many it allows.",
        )
    return CameraUnreachableError(
        f"{address} answered with status {status} and no stream.",
        remedy="Check the stream's path in the camera's manual, and restart the camera.",
    )


def _refused_login(address: Address) -> CameraLoginError:
    error = CameraLoginError(
        f"{address} refused the login it was given.", remedy="Check the camera's user name, password and rights."
    )
    error.sent = True
    return error


def _asked_for_login(address: Address) -> CameraLoginError:
    return CameraLoginError(
        f"{address} refused a connection without a login.",
        remedy="Give the camera's user name and password, or allow Basic or Digest logins (MD5, SHA-256) on it.",
    )


def _place(target: str) -> str:
    """Scheme, host and port of an address that a camera named, and nothing else of it."""
    try:
        return str(parse_address(split_address(target)[0]))
    except (CameraAddressInvalidError, CameraAddressRefusedError):
        scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]{0,15}(?=:)", target)
        return "another address" if scheme is None else f"another address ({scheme[0].lower()})"
