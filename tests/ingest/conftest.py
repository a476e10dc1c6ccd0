"""What the tests of ingest share: small clips made on the spot, a real RTSP server, settings for loopback."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.camera.address import AddressPolicy
from ingest.rehearsal.server.rtsp_server import RtspServer
from ingest.settings import IngestSettings

CAMERA_LIKE = {"preset": "ultrafast", "tune": "zerolatency", "g": "25"}


def write_clip(
    path: Path, *, seconds: float = 4.0, face: bool = True, options: Mapping[str, str] = CAMERA_LIKE
) -> Path:
    """320×240 at 25 frames a second, H.264, a key frame a second; a bright square wanders over it if face."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.options = dict(options)
        for number in range(round(seconds * 25)):
            picture = np.full((240, 320, 3), 60, np.uint8)
            if face:
                picture[80:150, 60 + number % 50 : 130 + number % 50] = 250
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "face.mp4")


@pytest.fixture(scope="session")
def empty_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "empty.mp4", face=False)


@pytest.fixture
def serve(clip: Path) -> Iterator[Callable[..., RtspServer]]:
    """Starts an RTSP server with the clip at /face; all are stopped at the end."""
    servers: list[RtspServer] = []

    def start(**options: Any) -> RtspServer:
        server = RtspServer({"face": clip}, **options)
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def loopback() -> IngestSettings:
    return IngestSettings(allow_loopback=True, allowed_ports=((1, 65535),), silence_seconds=3.0)


@pytest.fixture(scope="session")
def policy(loopback: IngestSettings) -> AddressPolicy:
    return loopback.address_policy()
