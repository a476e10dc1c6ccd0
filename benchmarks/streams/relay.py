"""The CPU time of a relay's thread, compared with a plain copy of bytes, alternating."""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.harness.benchmark import Context, Progress, Result, Table, Target
from ingest.camera.address import AddressPolicy
from ingest.rehearsal.film.film import film_noise
from ingest.rehearsal.server.rtsp_server import RtspServer
from ingest.relay.connection import Destination
from ingest.relay.login import Login
from ingest.relay.loop import RelayLoop
from ingest.relay.race import first_of
from ingest.relay.relay import HOST, Relay, Timing
from ingest.settings import IngestSettings

MBITS = 4.0
"""Mbit a second of each camera."""

FILM_SECONDS = 4

MOST_SHARE = 0.02
"""Of a core, for a camera."""

END_SECONDS = 0.2

VIEWER = """
import sys, av
options = {"rtsp_transport": "tcp", "allowed_media_types": "video", "fflags": "nobuffer"}
for _ in av.open(sys.argv[1], options=options, timeout=(60.0, 60.0)).demux(video=0):
    pass
"""
"""A program that receives a stream as a camera's worker does, and decodes nothing."""

Serve = Callable[[Sequence[RelayLoop], str], Iterator[list[str]]]
"""Makes an address for each viewer of a camera's stream, and removes them when it is resumed."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """cameras: at once. rounds: turns of each contestant. settle, seconds: of a turn, before and while CPU counts."""

    cameras: int
    rounds: int
    settle: float
    seconds: float


QUICK = Plan(cameras=2, rounds=1, settle=2.0, seconds=2.0)
FULL = Plan(cameras=4, rounds=7, settle=4.0, seconds=10.0)


class RelayBenchmark:
    """See `benchmarks.harness.benchmark.Benchmark`."""

    name = "relay"
    summary = (
        f"CPU of the relay between an RTSP camera of {MBITS:g} Mbit/s and its worker, beside a plain copy of bytes"
    )

    def run(self, context: Context) -> Result:
        """Lets viewers receive through relays and through plain copies by turns, and counts their threads' CPU."""
        plan = QUICK if context.quick else FULL
        with tempfile.TemporaryDirectory(prefix="clearglass-relay-") as folder:
            film = film_noise(Path(folder, "noise.mp4"), seconds=FILM_SECONDS, bits=round(MBITS * 1e6))
            bits = film.stat().st_size * 8 / FILM_SECONDS
            with RtspServer({"noise": film}) as server:
                address = server.url("noise")
                policy = IngestSettings(
                    allow_loopback=True, allowed_ports=((server.port, server.port),)
                ).address_policy()
                turns = _turns(plan, address, policy, context.progress)
        return report(turns, bits)


def _turns(plan: Plan, address: str, policy: AddressPolicy, progress: Progress) -> dict[str, list[float]]:
    """Shares of a core for a camera, by contestant and round."""
    shares: dict[str, list[float]] = {"relay": [], "copy": []}
    with progress.step("receiving", total=plan.rounds * len(shares)) as advance:
        for _ in range(plan.rounds):
            for name, serve in (("relay", _relays(policy)), ("copy", _copies)):
                shares[name].append(_turn(plan, serve, address))
                advance(1)
    return shares


def _turn(plan: Plan, serve: Serve, address: str) -> float:
    with ExitStack() as stack:
        # As in the service: a loop, and so a thread, for each camera.
        loops = [stack.enter_context(RelayLoop()) for _ in range(plan.cameras)]
        urls = stack.enter_context(contextmanager(serve)(loops, address))
        for url in urls:
            viewer = subprocess.Popen([sys.executable, "-c", VIEWER, url], stderr=subprocess.DEVNULL)
            stack.callback(viewer.wait)
            stack.callback(viewer.kill)
        time.sleep(plan.settle)
        began, spent = time.monotonic(), sum(loop.run(_thread_seconds()) for loop in loops)
        time.sleep(plan.seconds)
        spent = sum(loop.run(_thread_seconds()) for loop in loops) - spent
        return spent / (time.monotonic() - began) / plan.cameras


async def _thread_seconds() -> float:
    return time.thread_time()


def _relays(policy: AddressPolicy) -> Serve:
    def serve(loops: Sequence[RelayLoop], address: str) -> Iterator[list[str]]:
        timing = Timing(open_seconds=60.0, stall_seconds=60.0, snapshot_seconds=1.0)
        destination = Destination(address=address, policy=policy)
        relays = [Relay(destination, login=Login(None), timing=timing, loop=loop) for loop in loops]
        try:
            yield [relay.url for relay in relays]
        finally:
            for relay in relays:
                relay.close()

    return serve


def _copies(loops: Sequence[RelayLoop], address: str) -> Iterator[list[str]]:
    host_and_port, _, path = address.removeprefix("rtsp://").partition("/")
    host, _, port = host_and_port.rpartition(":")

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 18):
            writer.write(data)
            await writer.drain()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        remote_reader, remote_writer = await asyncio.open_connection(host, int(port))
        try:
            with suppress(ConnectionError):
                await first_of(copy(reader, remote_writer), copy(remote_reader, writer))
        finally:
            remote_writer.transport.abort()
            writer.transport.abort()

    servers = [loop.run(asyncio.start_server(accept, HOST, 0)) for loop in loops]
    try:
        yield [f"rtsp://{HOST}:{server.sockets[0].getsockname()[1]}/{path}" for server in servers]
    finally:
        for loop, server in zip(loops, servers, strict=True):
            loop.run(_closed(server))


async def _closed(server: asyncio.Server) -> None:
    server.close()
    # The viewers have gone: their copies end by themselves.
    await asyncio.sleep(END_SECONDS)


def report(shares: Mapping[str, Sequence[float]], bits: float) -> Result:
    """shares: of a core for a camera, by contestant and round. bits: a second, of a camera."""
    relay, copy = median(shares["relay"]), median(shares["copy"])
    measured = f"{100 * relay:.2f} % at {bits / 1e6:.1f} Mbit/s"
    return Result(
        figures={"shares": {name: list(values) for name, values in shares.items()}, "bits_per_second": bits},
        notes=(
            "The CPU time of a relay's thread, user and system; the server and the viewers are "
            "processes of their own. The copy passes the same bytes with the same event loop and looks at none.",
        ),
        tables=[
            Table(
                title="A core's share for one camera",
                columns=("contestant", "median", "least", "greatest"),
                rows=[
                    (name, *(f"{100 * value:.2f} %" for value in (median(values), min(values), max(values))))
                    for name, values in shares.items()
                ],
            )
        ],
        targets=[
            Target(
                aim=f"at most {100 * MOST_SHARE:g} % of a core for a camera of {MBITS:g} Mbit/s",
                measured=f"{measured}; {relay / copy:.2f} times a plain copy",
                met=relay <= MOST_SHARE,
            )
        ],
    )
