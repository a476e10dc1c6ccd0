"""Replaces FFmpeg's errors by this project's errors, because FFmpeg's messages may reveal the camera's address."""

import errno

import av

from ingest.stream.source import CameraStreamError, CameraUnreachableError
from matcher.errors import ClearglassError


def opening_error(error: Exception, name: str, *, local: bool) -> ClearglassError:
    """Returns the error for a stream that could not be opened.

    name: the camera's name in the sentence. local: true for a file or a device.
    """
    if isinstance(error, TimeoutError | av.error.ExitError):
        return CameraUnreachableError(
            f"{name} did not answer in time.", remedy="Check that the camera is on and can be reached."
        )
    return _file_opening_error(error, name) if local else _stream_opening_error(error, name)


def _file_opening_error(error: Exception, name: str) -> ClearglassError:
    if isinstance(error, FileNotFoundError):
        return CameraUnreachableError(
            f"{name}: there is no such file or device.", remedy="Check the path, and that the webcam is plugged in."
        )
    if isinstance(error, PermissionError):
        return CameraUnreachableError(
            f"{name} may not be read by this account.", remedy="Let the service's account read the file or the device."
        )
    if isinstance(error, OSError) and error.errno == errno.EBUSY:
        return CameraUnreachableError(f"{name} is used by another program.", remedy="End the other program.")
    return CameraStreamError(
        f"{name} is not a video that can be read.",
        remedy="Give an MP4, Matroska, MPEG-TS or AVI file that is whole, with H.264, H.265 or MJPEG in it.",
    )


def _stream_opening_error(error: Exception, name: str) -> ClearglassError:
    if isinstance(error, ConnectionError):
        return CameraUnreachableError(
            f"{name} cannot be reached.", remedy="Check the port of its address, and that the camera is on."
        )
    return CameraStreamError(
        f"{name} sends nothing that can be read as video.",
        remedy="Check the path of its address, and that the camera sends H.264, H.265 or MJPEG.",
    )


def interruption_error(error: Exception, name: str, *, local: bool) -> ClearglassError:
    """Returns the error for an open stream that ended unexpectedly. name, local: as for `opening_error`."""
    if isinstance(error, TimeoutError | av.error.ExitError):
        return CameraStreamError(
            f"{name} stopped sending.", remedy="Check the camera's power and the network between here and it."
        )
    if local:
        return CameraStreamError(
            f"{name} cannot be read to its end.",
            remedy="Check that the file is whole, or the webcam plugged in.",
        )
    return CameraStreamError(
        f"The stream of {name} broke off.", remedy="Check the camera's power and the network between here and it."
    )
