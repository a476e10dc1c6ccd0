"""One identification over HTTP, as the whole service runs it: from the request's first byte until it is at rest."""

import json
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness.benchmark import Progress
from benchmarks.harness.errors import MeasurementError
from benchmarks.start_up.start_up_gallery import fill
from benchmarks.start_up.start_up_service import PURPOSE, add_keeper, serving
from benchmarks.walks.traced_program import BEGIN, END
from benchmarks.walks.tracer import Walk

ASIDE = ("Server.on_tick", "GalleryReads._run")
"""Functions that the service runs by the clock, also without requests."""

WARM_UP = 3
_SEED = 13
_TIMEOUT_SECONDS = 60.0
_TOP, _LEFT = slice(0, 300), slice(80, 380)
"""The part of the volunteer's portrait that is sent."""

_IDLE_SECONDS = 1.0
_SETTLE_SECONDS = 0.3
"""After an answer, until the service's threads have left all functions that took part in it."""


def identifications(folder: Path, *, references: int, rounds: int, progress: Progress) -> Sequence[Walk]:
    """Walks of `rounds` identifications of an enrolled person who is found, after some that are not counted."""
    from ingest.rehearsal.film.cast import volunteer
    from matcher.recognition.image import encode_jpeg

    # Small enough to arrive in one piece, together with its head.
    picture = encode_jpeg(volunteer()[_TOP, _LEFT])
    password = add_keeper(folder)
    fill(folder, references, progress, purpose=PURPOSE, seed=_SEED)
    ours, theirs = socket.socketpair()
    ours.settimeout(_TIMEOUT_SECONDS)
    walks = []
    with (
        ours,
        theirs,
        serving(
            folder,
            password,
            command=_traced(theirs),
            pass_fds=(theirs.fileno(),),
            socket_options=_in_one_piece(),
        ) as service,
        progress.step("identifications", total=WARM_UP + rounds) as advance,
    ):
        subject_id = service.enrol(picture)
        service.wait_for_rest()
        for number in range(WARM_UP + rounds):
            if number == WARM_UP:
                _require_idle(ours)
            _order(ours, BEGIN)
            found = service.identify(picture)
            time.sleep(_SETTLE_SECONDS)
            walks.append(_ended(ours))
            if found != [subject_id]:
                raise MeasurementError("An enrolled person was not found.", remedy="This is a fault: report it.")
            advance(1)
    return walks[WARM_UP:]


def _require_idle(orders: socket.socket) -> None:
    """Otherwise the service's periodic work would be counted as the identification's."""
    _order(orders, BEGIN)
    time.sleep(_IDLE_SECONDS)
    calls = _ended(orders).calls
    if calls:
        raise MeasurementError(
            f"The service made {calls} calls while nobody asked for anything.",
            remedy="Add to ASIDE in benchmarks/walks/identification_walk.py what it does by the clock.",
        )


def _ended(orders: socket.socket) -> Walk:
    return Walk.of(json.loads(_order(orders, END)))


def _traced(orders: socket.socket) -> Sequence[str]:
    return (sys.executable, "-m", "benchmarks.walks.traced_program", str(orders.fileno()), ",".join(ASIDE), "api.cli")


def _in_one_piece() -> Sequence[tuple[int, int, int]]:
    """A request in several pieces is taken in several calls, as many as happen to have arrived (Linux; see tcp(7))."""
    return [(socket.IPPROTO_TCP, socket.TCP_CORK, 1)] if hasattr(socket, "TCP_CORK") else []


def _order(orders: socket.socket, order: str) -> str:
    orders.sendall(f"{order}\n".encode())
    answer = b""
    while not answer.endswith(b"\n"):
        received = orders.recv(1 << 16)
        if not received:
            raise MeasurementError("The traced service has ended.", remedy="Run `clearglass serve`; look at its words.")
        answer += received
    return answer.decode()
