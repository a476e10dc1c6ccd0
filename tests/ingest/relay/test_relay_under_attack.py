"""Cameras and viewers that mean harm: what a relay lets them do, and what it costs."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO

import pytest
from PIL import Image

from ingest.rehearsal.server.rtsp_server import RtspServer
from ingest.relay.jpeg_scanner import JpegScanner
from ingest.relay.login import Login
from ingest.relay.relay import MOST_VIEWERS, Relay
from ingest.relay.rtsp_message import RtspReader
from ingest.stream.source import CameraLoginError, CameraStreamError
from tests.ingest.relay.conftest import CREDENTIALS, LOGIN, MakeRelay, refusal, view

Serve = Callable[..., RtspServer]


def jpeg() -> bytes:
    out = BytesIO()
    Image.new("RGB", (64, 48)).save(out, "JPEG")
    return out.getvalue()


JPEG = jpeg()


@contextmanager
def camera_that(answers: Callable[[socket.socket, bytes], None]) -> Iterator[tuple[int, list[bytes]]]:
    """A server that reads and lets `answers` send, for as many connections as come; what it was sent."""
    requests: list[bytes] = []
    end = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def serve() -> None:
            while not end.is_set():
                with suppress(OSError):
                    one, _ = listener.accept()
                    threads.append(threading.Thread(target=talk, args=(one,)))
                    threads[-1].start()

        def talk(one: socket.socket) -> None:
            one.settimeout(0.1)
            with one:
                while not end.is_set():
                    try:
                        data = one.recv(65536)
                    except TimeoutError:
                        continue
                    except OSError:
                        return
                    if not data:
                        return
                    requests.append(data)
                    with suppress(OSError):
                        answers(one, data)

        threads = [threading.Thread(target=serve)]
        threads[0].start()
        try:
            yield listener.getsockname()[1], requests
        finally:
            end.set()
            for thread in threads:
                thread.join()


def asked(relay: Relay, *lines: str) -> bytes:
    """What a viewer is answered that asks this, after the secret path was named."""
    with socket.create_connection(("127.0.0.1", relay.port), timeout=5.0) as viewer:
        viewer.sendall(f"OPTIONS {relay.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        with suppress(TimeoutError):
            viewer.recv(65536)
        viewer.sendall("\r\n".join([*lines, "", ""]).encode())
        with suppress(TimeoutError, ConnectionError):
            return viewer.recv(65536)
    return b""


def cseq(data: bytes) -> bytes:
    return data.partition(b"CSeq: ")[2].partition(b"\r\n")[0]


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_camera_that_always_calls_the_nonce_stale_gets_the_login_a_few_times_and_no_more(
    relay: MakeRelay, scheme: str
) -> None:
    challenge = b'WWW-Authenticate: Digest realm="x", nonce="n", stale=true\r\nContent-Length: 0\r\n\r\n'

    def refuse(one: socket.socket, data: bytes) -> None:
        version = b"RTSP/1.0" if scheme == "rtsp" else b"HTTP/1.1"
        one.sendall(version + b" 401 Unauthorized\r\nCSeq: " + cseq(data) + b"\r\n" + challenge)

    with camera_that(refuse) as (port, requests):
        one = relay(f"{scheme}://127.0.0.1:{port}/x", credentials=CREDENTIALS)
        assert isinstance(refusal(one), CameraLoginError)
        sent = sum(data.count(b"Authorization:") for data in requests)
        assert 1 <= sent <= 2 and one.wait > 50


def test_a_login_demand_without_a_length_is_answered_on_a_new_connection(relay: MakeRelay) -> None:
    def demand(one: socket.socket, data: bytes) -> None:
        if b"Authorization:" in data:
            one.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        else:
            one.sendall(b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n')

    with camera_that(demand) as (port, _):
        assert "no stream at this path" in refusal(relay(f"http://127.0.0.1:{port}/x", credentials=CREDENTIALS)).message


def test_what_a_substream_is_refused_keeps_the_main_stream_waiting_only_where_the_login_was_refused(
    relay: MakeRelay, serve: Serve
) -> None:
    server = serve(login=LOGIN)
    login = Login(CREDENTIALS)
    main, smaller = (relay(server.url("face", query), login=login) for query in ("", "status=403"))
    assert isinstance(refusal(smaller), CameraLoginError)
    assert smaller.wait > 50 and main.wait == 0
    assert view(main, 3)
    assert smaller.wait > 50, "the main stream's success takes nothing back"


def test_two_streams_send_a_wrong_password_once(relay: MakeRelay, serve: Serve) -> None:
    from ingest.camera.camera import Credentials

    server = serve(login=LOGIN)
    login = Login(Credentials(username=LOGIN[0], password="wrong"))
    streams = [relay(server.url("face"), login=login) for _ in range(2)]
    viewers = [threading.Thread(target=lambda one=one: suppressed(one)) for one in streams]
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join()
    assert sum(request.has_authorization for request in server.requests) == 1
    assert 50 < login.refusals.wait <= 60


def suppressed(one: Relay) -> None:
    with suppress(Exception):
        view(one, 3)


@pytest.mark.parametrize(
    "lines",
    [
        ("SET_PARAMETER {url} RTSP/1.0", "CSeq: 2"),
        ("DESCRIBE {camera}/other RTSP/1.0", "CSeq: 2"),
        ("DESCRIBE {url}/../other RTSP/1.0", "CSeq: 2"),
        ("DESCRIBE {url}2 RTSP/1.0", "CSeq: 2"),
        ("SETUP {url} RTSP/1.0", "CSeq: 2", "Transport: RTP/AVP;unicast;client_port=5000-5001;destination=10.0.0.9"),
    ],
    ids=["another method", "another stream", "a way out of the path", "a longer name", "packets to another host"],
)
def test_a_viewer_may_do_with_the_login_what_viewing_needs_and_nothing_else(
    relay: MakeRelay, serve: Serve, lines: tuple[str, ...]
) -> None:
    server = serve(login=LOGIN)
    one = relay(server.url("face"), credentials=CREDENTIALS)
    address = server.url("face").removesuffix("/face")
    asked(one, *(line.format(url=one.url, camera=address) for line in lines))
    assert {request.method for request in server.requests} == {"OPTIONS"}


def test_a_viewers_headers_and_bodies_reach_no_camera(relay: MakeRelay, serve: Serve) -> None:
    server = serve()
    one = relay(server.url("face"))
    answer = asked(
        one, f"DESCRIBE {one.url} RTSP/1.0", "CSeq: 2", "Accept: application/sdp", "X-Evil: 1", "Authorization: Basic x"
    )
    assert answer.startswith(b"RTSP/1.0 200")
    describe = next(request for request in server.requests if request.method == "DESCRIBE")
    assert not {"x-evil", "authorization", "content-length"} & set(describe.headers)


@pytest.mark.slow
def test_connections_that_do_not_know_the_secret_path_are_few(relay: MakeRelay, serve: Serve) -> None:
    one = relay(serve().url("face"))
    idle = [socket.create_connection(("127.0.0.1", one.port)) for _ in range(MOST_VIEWERS + 20)]
    closed = 0
    for viewer in idle:
        viewer.settimeout(0.2)
        with suppress(TimeoutError):
            closed += viewer.recv(1) == b""
    for viewer in idle:
        viewer.close()
    assert closed == 20
    assert view(one, 3)


@pytest.mark.parametrize(
    "noise", [b"$" * (1 << 17), b"$\xff" * (1 << 16), b"$\x00\x00\x00" * (1 << 15), b"R" * (1 << 17)]
)
def test_nonsense_is_given_up_and_costs_little(noise: bytes) -> None:
    reader, began = RtspReader(), time.process_time()
    with pytest.raises(CameraStreamError):
        for _ in range(4):
            list(reader.feed(noise))
    assert time.process_time() - began < 1.0


@pytest.mark.slow
@pytest.mark.parametrize("header", [b"\xff\xe0\x00\x02", b"\xff"])
def test_a_jpeg_of_headers_only_costs_little(header: bytes) -> None:
    scanner, began = JpegScanner(), time.process_time()
    assert list(scanner.feed(b"\xff\xd8\xff\xe0\x00\x02")) == []
    for _ in range(200):
        assert list(scanner.feed(header * 8192)) == []
    assert time.process_time() - began < 3.0
