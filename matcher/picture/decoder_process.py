"""The process that decodes pictures, one at a time: `python -m matcher.picture.decoder_process FD`.

Its other end is `matcher.picture.decoder`; their messages over FD are in `matcher.picture.exchange`. Before it takes
the first request it confines itself: it can open nothing and connect to nothing, and its memory is limited.

It ends when the other end is closed. A picture that takes too long ends it too, by SIGALRM: after a service was killed,
it runs some seconds longer at most. (`die_with_parent` would not do: the kernel counts as parent the thread that
started the process, and threads that serve requests come and go.)
"""

import contextlib
import gc
import io
import os
import signal
import socket

from matcher.picture.decoding import CODE_MEMORY, MEMORY, decode, load_libraries, rows
from matcher.picture.exchange import LENGTH, READY, SECONDS, Answer, UndecodedError, Verdict
from matcher.process.child_process import connect, limit_resources
from matcher.process.sandbox import isolate


def main() -> None:
    """The process: confines itself, says READY and serves."""
    service = connect()
    load_libraries()
    limit_resources(data=MEMORY - CODE_MEMORY)
    isolate()
    with contextlib.suppress(OSError):  # the service has gone
        service.sendall(READY)
        while request := _received(service, LENGTH.size):
            (length,) = LENGTH.unpack(request)
            _answer(service, io.BytesIO(_received(service, length)))
    os._exit(0)


def _answer(service: socket.socket, stream: io.BytesIO) -> None:
    """Decodes one picture and sends the answer. When it returns, nothing refers to the picture any more."""
    signal.alarm(2 * SECONDS)
    try:
        picture = decode(stream)
        service.sendall(Answer(verdict=Verdict.DECODED, width=picture.width, height=picture.height).packed())
        for part in rows(picture):
            service.sendall(part)
    except UndecodedError as told:
        service.sendall(told.answer.packed())
        failed = True
    else:
        failed = False
    finally:
        signal.alarm(0)
    if failed:
        gc.collect()  # an exception's traceback may hold the picture in a cycle


def _received(service: socket.socket, length: int) -> bytearray:
    """The next bytes, this many; none at the end of the connection."""
    data = bytearray(length)
    if length and service.recv_into(data, length, socket.MSG_WAITALL) < length:
        return bytearray()
    return data


if __name__ == "__main__":
    main()
