"""A relay between FFmpeg and a real HTTP server that makes trouble."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import av
import pytest

from ingest.camera.address import CameraAddressRefusedError
from ingest.camera.camera import UNVERIFIED, Credentials
from ingest.rehearsal.server.http_server import HttpServer
from ingest.rehearsal.server.trouble import VARIANTS
from ingest.relay.certificate import CameraCertificateError
from ingest.relay.login import Login
from ingest.relay.relay import Relay
from ingest.stream.source import CameraLoginError, CameraStreamError, CameraUnreachableError
from matcher.errors import ClearglassError
from tests.ingest.relay.conftest import CREDENTIALS, LOGIN, Certificates, Listener, MakeRelay, refusal, view, wait_for

pytestmark = pytest.mark.slow

ServeHttp = Callable[..., HttpServer]


@pytest.fixture
def serve_http(clip: Path) -> Iterator[ServeHttp]:
    servers: list[HttpServer] = []

    def start(**options: object) -> HttpServer:
        server = HttpServer(clip, **options)  # type: ignore[arg-type]
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


def size(relay: Relay) -> tuple[str, int, int]:
    with av.open(relay.url, options={"fpsprobesize": "0"}, timeout=(15.0, 5.0)) as container:
        codec = container.streams.video[0].codec_context
        return codec.name, codec.width, codec.height


@pytest.mark.parametrize(
    "path",
    [
        *(f"/mjpg?v={variant}" for variant in VARIANTS),
        "/raw.mjpg",
        "/snap.jpg",
        "/cgi-bin/snapshot.cgi",
    ],
)
def test_jpegs_in_any_dress_become_the_same_stream(relay: MakeRelay, serve_http: ServeHttp, path: str) -> None:
    server = serve_http()
    one = relay(f"http://127.0.0.1:{server.port}{path}")
    packets = view(one, 5)
    assert len(packets) == 5 and all(packet.startswith(b"\xff\xd8") for packet in packets)
    assert one.failure is None
    assert size(relay(f"http://127.0.0.1:{server.port}{path}")) == ("mjpeg", 320, 240)


@pytest.mark.parametrize("path", ["/ts", "/flv", "/mp4"])
def test_other_streams_come_through(relay: MakeRelay, serve_http: ServeHttp, path: str) -> None:
    one = relay(serve_http().url(path))
    assert len(view(one, 20)) == 20 and one.failure is None


def test_a_still_picture_camera_is_polled_at_its_interval(relay: MakeRelay, serve_http: ServeHttp) -> None:
    server = serve_http(login=LOGIN)
    one = relay(server.url("/snap.jpg"), credentials=CREDENTIALS, snapshot_seconds=0.4)
    began = time.monotonic()
    assert len(view(one, 4)) == 4
    assert 1.1 < time.monotonic() - began < 6.0
    asked = [request for request in server.requests if request.has_authorization]
    assert len(asked) >= 4 and len(server.requests) - len(asked) <= 2, "the login is asked for once"


@pytest.mark.parametrize(
    "query", ["auth=basic", "auth=md5", "auth=md5&qop=1", "auth=sha256", "auth=sha256&qop=1", "stale=1"]
)
@pytest.mark.parametrize("path", ["/mjpg", "/snap.jpg"])
def test_every_kind_of_login_is_given(relay: MakeRelay, serve_http: ServeHttp, path: str, query: str) -> None:
    server = serve_http(login=LOGIN)
    assert view(relay(server.url(path, query), credentials=CREDENTIALS), 3)
    assert not server.requests[0].has_authorization, "not before it was asked for"


def test_a_refused_login_is_not_tried_again_for_a_minute(relay: MakeRelay, serve_http: ServeHttp) -> None:
    server = serve_http(login=LOGIN)
    login = Login(Credentials(username=LOGIN[0], password="canary-7531"))
    one = relay(server.url("/mjpg"), login=login)
    failure = refusal(one)
    assert isinstance(failure, CameraLoginError) and "canary" not in str(failure)
    assert sum(request.has_authorization for request in server.requests) == 1
    assert 55 < one.wait <= 60
    asked = server.requests
    assert refusal(one) is failure and server.requests == asked


@pytest.mark.parametrize("query", ["redirect={}://{}/x", "redirect={}://{}/x&redirect_after=login"])
@pytest.mark.parametrize("path", ["/mjpg", "/snap.jpg"])
@pytest.mark.parametrize("tls", [False, True])
def test_a_redirect_gets_no_connection_and_no_byte_of_the_login(
    relay: MakeRelay,
    serve_http: ServeHttp,
    elsewhere: Listener,
    certificates: Certificates,
    path: str,
    query: str,
    tls: bool,
) -> None:
    server = serve_http(login=LOGIN, tls=certificates.good if tls else None)
    address = server.url(path, query.format("https" if tls else "http", elsewhere.address))
    failure = refusal(relay(address, credentials=CREDENTIALS, authorities=certificates.authorities))
    assert isinstance(failure, CameraAddressRefusedError) and elsewhere.address in failure.message
    time.sleep(0.3)
    assert (elsewhere.connections, elsewhere.received) == (0, b"")
    if "redirect_after" not in query:
        assert not any(request.has_authorization for request in server.requests)


@pytest.mark.parametrize(
    ("path", "query", "kind", "words"),
    [
        ("/list.m3u8", "", CameraStreamError, "playlist (HLS or DASH)"),
        ("/page", "", CameraStreamError, "web page"),
        ("/empty", "", CameraStreamError, "without a picture"),
        ("/missing", "", CameraUnreachableError, "no stream at this path"),
        ("/busy", "", CameraUnreachableError, "no room for another viewer"),
        ("/mjpg", "status=500", CameraUnreachableError, "answered with status 500"),
        ("/mjpg", "silent=1", CameraUnreachableError, "accepted the connection and sent nothing for 1 s"),
        ("/mjpg", "slow=8", CameraUnreachableError, "accepted the connection and sent nothing for 1 s"),
        ("/mjpg", "stall=1.5", CameraUnreachableError, "sent no picture for 1 s"),
        ("/mjpg", "die=1.5", CameraStreamError, "ended the stream"),
        ("/mjpg", "huge_head=1", CameraStreamError, "is no HTTP"),
    ],
)
def test_each_trouble_has_its_own_sentence(
    relay: MakeRelay, serve_http: ServeHttp, path: str, query: str, kind: type[ClearglassError], words: str
) -> None:
    failure = refusal(relay(serve_http().url(path, query), open_seconds=1.0, stall_seconds=1.0))
    assert isinstance(failure, ClearglassError) and type(failure) is kind
    assert words in failure.message and failure.remedy


def test_a_slow_camera_connects(relay: MakeRelay, serve_http: ServeHttp) -> None:
    assert view(relay(serve_http().url("/mjpg", "slow=4")), 3)


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("unknown", "does not know"),
        ("other_host", "belongs to another host"),
        ("expired", "has expired"),
        ("self_signed", "is signed by itself"),
    ],
)
def test_certificates(
    relay: MakeRelay, serve_http: ServeHttp, certificates: Certificates, which: str, words: str
) -> None:
    shown = getattr(certificates, which)
    server = serve_http(login=LOGIN, tls=shown)
    failure = refusal(relay(server.url("/mjpg"), credentials=CREDENTIALS, authorities=certificates.authorities))
    assert isinstance(failure, CameraCertificateError) and words in failure.message
    assert server.requests == ()
    for rule in (certificates.pin(shown), UNVERIFIED):
        assert view(relay(server.url("/mjpg"), credentials=CREDENTIALS, certificate=rule), 2)


def test_a_still_picture_that_stops_is_told(relay: MakeRelay, serve_http: ServeHttp) -> None:
    server = serve_http()
    one = relay(server.url("/snap.jpg"), open_seconds=1.0)
    with suppress(av.FFmpegError), av.open(one.url, options={"fpsprobesize": "0"}, timeout=10.0) as container:
        for number, _ in enumerate(container.demux(video=0)):
            if number == 2:
                server.stop()
    wait_for(lambda: one.failure is not None)
    assert "refused the connection" in one.failure.message  # type: ignore[union-attr]
