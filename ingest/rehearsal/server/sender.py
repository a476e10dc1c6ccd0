"""Sends films as RTP to one viewer of the RTSP server, with the trouble asked for. aio-rtsp-toolkit's session sends
RTP; this class changes it in these places: a frame's packets leave in one burst, as a camera sends them (the toolkit
spreads them over the frame's time with a timer each, which doubles its CPU at 10 Mbit/s); a packet that a busy loop
takes up late is not queued a second time; the viewers of a camera's two streams see the same moment; and everything in
`Trouble` that concerns packets, frames and time stamps.
"""

import asyncio
import dataclasses
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from aio_rtsp_toolkit.server_media import MediaTrackInfo
from aio_rtsp_toolkit.server_session import RtspServerSession

from ingest.rehearsal.server.clock import Clock
from ingest.rehearsal.server.trouble import Trouble

LOOK_UP_SECONDS = 0.2
"""Seconds between checks for the end, in a viewer's thread that waits for room in its queue."""

_GARBAGE_SECONDS = 1.0
_GARBAGE_BYTES = 100
"""Fewer than a line, and none of them `$`, which begins an interleaved frame (RFC 2326, 10.12)."""

SECOND = "track8"
"""The control address of the second video track; the toolkit numbers its own from 1."""

META = MediaTrackInfo(
    media_type="application", control="track9", codec_name="vnd.onvif.metadata", payload_type=107, clock_rate=90_000
)
"""As in the ONVIF Streaming Specification; the track sends about one packet a second."""

_META_FRAMES = 25
"""Frames of video from one piece of metadata to the next."""

_META_PAYLOAD = b'<?xml version="1.0"?><tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"/>'

Announce = Callable[[Mapping[str, Any]], None]


class Studio(Protocol):
    """The server as its viewers use it, besides the interface of the toolkit's session."""

    announce: Announce

    @property
    def login(self) -> tuple[str, str] | None:
        """The login that every viewer must give."""

    def begun(self, mount: str) -> float | None:
        """The time at which the camera of a mount began to send, in seconds of time.perf_counter(); None: it begins
        with each viewer."""

    def resolve_request_path(self, uri: str) -> Path:
        """The file behind an address; FileNotFoundError."""

    def load_media_source(self, file_path: Path) -> Any:
        """The toolkit's description of a file."""


class Sender(RtspServerSession):  # type: ignore[misc]
    """The half of a viewer's session that sends the stream."""

    media_source: Any

    def __init__(self, server: Studio, sock: Any) -> None:
        super().__init__(server, sock)
        self._mount = ""
        self._next_film: Path | None = None
        self._set_trouble(Trouble())

    def _set_trouble(self, chosen: Trouble) -> None:
        self._trouble = chosen
        self._chance = random.Random(chosen.seed)  # noqa: S311 - it shall come out the same again
        self._clock = Clock(chosen.ts, seed=chosen.seed)
        self._frames = 0
        self._played: float | None = None
        self._next_garbage = 0.0

    async def _stream_media_once(self, suffix: str) -> None:
        """Plays one film to its end; the next one may be another."""
        await super()._stream_media_once(suffix)
        if self._next_film is None:
            return
        state = next(iter(self.track_states.values()))
        played = self.media_source.file_path
        self.media_source = self.server.load_media_source(self._next_film)
        state.info = dataclasses.replace(self.media_source.tracks[0], control=state.info.control)
        self._next_film = played

    def _reset_stream_state(self) -> None:
        super()._reset_stream_state()
        for state in self.track_states.values():
            state.sequence_number = self._trouble.seq

    async def _send_video_packet(
        self, state: Any, data: bytes, media_time: float, duration_seconds: float, is_keyframe: bool
    ) -> None:
        begun = self.server.begun(self._mount)
        if begun is not None and state.first_send_time is None:
            if not is_keyframe or begun + media_time < time.perf_counter():
                return
            state.first_send_time = begun
        if media_time < self._trouble.start:
            return
        self._frames += 1
        moment = self._clock.moment(media_time - self._trouble.start)
        await super()._send_video_packet(state, data, moment, duration_seconds, is_keyframe)

    async def _send_paced_rtp_payloads(
        self,
        state: Any,
        payloads: list[tuple[bytes, int]],
        timestamp: int,
        media_time: float,
        duration_seconds: float,
    ) -> None:
        await self._sleep_until_media_time(state, media_time)
        video = state.info.media_type == "video"
        if video and self._trouble.loseframe and self._frames % self._trouble.loseframe == 0:
            state.sequence_number = (state.sequence_number + len(payloads)) % 2**16
            return
        if video and self._trouble.ts:
            timestamp = self._clock.stamp(media_time)
        for payload, marker in payloads:
            await self._send_rtp_packet(state, payload, timestamp=timestamp, marker=marker)
        if video:
            await self._send_beside(payloads, timestamp)

    async def _send_beside(self, payloads: list[tuple[bytes, int]], timestamp: int) -> None:
        """The packets of the other tracks that go with a frame of the first video track, if those tracks were set
        up."""
        second, meta = self.track_states.get(SECOND), self.track_states.get(META.control)
        for payload, marker in payloads if second else ():
            await self._send_rtp_packet(second, payload, timestamp=timestamp, marker=marker)
        if meta and self._frames % _META_FRAMES == 1:
            await self._send_rtp_packet(meta, _META_PAYLOAD, timestamp=timestamp, marker=1)

    async def _send_rtp_packet(self, state: Any, payload: bytes, timestamp: int, marker: int) -> None:
        if self._trouble.loss and self._chance.random() < self._trouble.loss:
            state.sequence_number = (state.sequence_number + 1) % 2**16
            return
        await super()._send_rtp_packet(state, payload, timestamp=timestamp, marker=marker)

    async def _send_interleaved_frame(self, channel: int, payload: bytes) -> None:
        sent_for = 0.0 if self._played is None else time.perf_counter() - self._played
        if self._trouble.stall and sent_for >= self._trouble.stall:
            return
        if self._trouble.garbage and sent_for >= self._next_garbage:
            self._next_garbage += _GARBAGE_SECONDS
            async with self.write_lock:
                await self.sock.send(bytes(self._chance.randint(0x80, 0xFF) for _ in range(_GARBAGE_BYTES)))
        await super()._send_interleaved_frame(channel, payload)

    def _threadsafe_queue_put(
        self, loop: asyncio.AbstractEventLoop, queue: "asyncio.Queue[Any]", item: Any, stop_event: Event
    ) -> bool:
        return put_once(loop, queue, item, stop_event)


def put_once(loop: asyncio.AbstractEventLoop, queue: "asyncio.Queue[Any]", item: Any, stop_event: Event) -> bool:
    """Puts an item into a loop's queue from another thread, waiting for the same put however long it takes.

    False when `stop_event` was set, or the loop has ended, before the item was in.
    """
    future = asyncio.run_coroutine_threadsafe(queue.put(item), loop)
    while not stop_event.is_set():
        try:
            future.result(timeout=LOOK_UP_SECONDS)
        except TimeoutError:
            continue
        except (CancelledError, RuntimeError):
            return False
        return True
    future.cancel()
    return False
