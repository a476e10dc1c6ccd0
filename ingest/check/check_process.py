"""A check of a camera in a process of its own: a stream that crashes or hangs the decoder ends its check and nothing
else. The service's side is `CheckProcess`; the process's side is `main`, run as `python -m ingest.check.check_process
FD`. Their messages go over FD: the stream's address is sent there, and is on no command line and in no environment.
"""

import contextlib
import math
import os
import time
from collections.abc import Callable
from functools import cache
from threading import Event
from typing import ClassVar

import msgspec

from ingest.check.check import CameraCheck, check_camera
from ingest.messages.bounds import check_bounds
from ingest.messages.channel import Channel, ChannelClosedError
from ingest.messages.message import CheckFailed, CheckProgress, CheckStart, Message, decoder
from ingest.stream.source import MeasuringSource
from matcher.errors import ClearglassError
from matcher.process.child import Child, ending
from matcher.process.child_process import connect, die_with_parent, limit_resources, place_of
from matcher.process.sandbox import MEMORY_LIMIT, restrict
from matcher.recognition.quality import QualityGate

TICK = 0.1
PATIENCE = 60.0
"""Seconds of silence after which the process counts as hung, and by which a check may be longer than asked for: it
loads its models in that time, waits for the camera, and looks at the last picture."""

NICER = 5
"""The process's niceness: the service and its searches have priority."""


class CheckError(ClearglassError):
    """A check failed. Its code is that of the failure."""

    code: ClassVar[str] = "check_failed"

    def __init__(self, failed: CheckFailed) -> None:
        super().__init__(failed.message, remedy=failed.remedy)
        self.__dict__["code"] = failed.code


class CheckDone(Message, frozen=True, kw_only=True):
    """Process of a check to service, at its end: the measurement."""

    check: CameraCheck

    def __post_init__(self) -> None:
        """Raises ValueError where the check exceeds its limits."""
        check_bounds(self.check)


FromCheck = CheckProgress | CheckDone | CheckFailed


@cache
def from_check() -> "msgspec.msgpack.Decoder[FromCheck]":
    """Decodes the messages of the process of a check."""
    return decoder(FromCheck)


@cache
def to_check() -> "msgspec.msgpack.Decoder[CheckStart]":
    """Decodes the service's messages to the process of a check."""
    return decoder(CheckStart)


class CheckProcess:
    """One check. `run` belongs to one thread, in which the process begins and ends; `stop` may come from any."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._end = Event()

    def stop(self) -> None:
        """Makes `run` kill the process and return; does not wait for that."""
        self._end.set()

    def run(self, start: CheckStart, progress: Callable[[float], None]) -> CameraCheck | CheckFailed:
        """Runs the check to its end; no process is left behind, also after an error.

        progress: called with the seconds gone. Raises OSError when no process can be started.
        """
        process = Child.start(__name__)
        try:
            return self._follow(Channel(process.end, receives=from_check()), start, progress)
        except ChannelClosedError:
            return check_failed(f"The check's process {ending(process.status())}.")
        finally:
            process.close()

    def _follow(
        self, channel: Channel[FromCheck], start: CheckStart, progress: Callable[[float], None]
    ) -> CameraCheck | CheckFailed:
        channel.send(start)
        began = heard = time.monotonic()
        while not self._end.is_set():
            channel.flush()
            messages = channel.receive(TICK)
            for message in messages:
                if isinstance(message, CheckDone):
                    return message.check
                if isinstance(message, CheckFailed):
                    return message
                progress(message.gone)
            now = time.monotonic()
            heard = now if messages else heard
            if now - heard > self._patience:
                return check_failed("The check's process hung and was ended.")
            if now - began > start.seconds + self._patience:
                return check_failed("The check took far longer than asked for and was ended.")
        return check_failed("The check was stopped.")


def check_failed(message: str) -> CheckFailed:
    """The error of a check that ended by no known fault of the camera or its address."""
    return CheckFailed(
        code="check_failed",
        message=message,
        remedy="Check this camera again. If that fails too, its stream may be damaged: restart the camera, or have it "
        "send H.264.",
    )


def main() -> None:
    """The process's side: one check, told to the service. Ends when the service has gone."""
    channel = Channel(connect(), receives=to_check())
    die_with_parent()
    os.nice(NICER)
    with contextlib.suppress(ChannelClosedError):
        messages: list[CheckStart] = []
        while not messages:
            messages = channel.receive(PATIENCE)
        channel.send(_looked(channel, messages[0]))
        channel.flush(PATIENCE)
    # Not sys.exit: a reader stuck in a library must not keep the process.
    os._exit(0)


def _looked(channel: Channel[CheckStart], start: CheckStart) -> CheckDone | CheckFailed:
    """The result of the check. Raises ChannelClosedError when the service has closed the connection."""
    told = -math.inf

    def advance(done: int, total: int) -> None:
        nonlocal told
        if done > told:
            told = done
            channel.send(CheckProgress(gone=float(done)))

    try:
        limit_resources(data=MEMORY_LIMIT)
        restrict(places=(start.place,), forbidden=start.forbidden)
        return CheckDone(check=_check(start, advance))
    except ChannelClosedError:
        raise
    except ClearglassError as error:
        return CheckFailed(code=error.code, message=error.message, remedy=error.remedy)
    except MemoryError:
        return check_failed(f"The check needed more memory than the {MEMORY_LIMIT >> 20} MiB that it may have.")
    except Exception as error:  # noqa: BLE001 - the top of the process; other libraries' words may hold secrets
        return check_failed(f"The check met an error in its own code ({place_of(error)}).")


def _check(start: CheckStart, advance: Callable[[int, int], None]) -> CameraCheck:
    def open_source() -> MeasuringSource:
        from ingest.stream.av_source import AvSource

        return AvSource(
            start.place,
            name=start.name,
            open_seconds=start.open_seconds,
            stall_seconds=start.stall_seconds,
            measuring=True,
            shape=start.shape,
        )

    return check_camera(
        open_source,
        endless=start.endless,
        seconds=start.seconds,
        open_seconds=start.open_seconds,
        shape=start.shape,
        recogniser=start.recogniser_factory(),
        gate=QualityGate(min_eye_distance=start.min_eye_distance),
        progress=advance,
    )


if __name__ == "__main__":
    main()
