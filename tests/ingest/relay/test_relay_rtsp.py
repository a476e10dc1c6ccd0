"""A relay between FFmpeg and a real RTSP server that makes trouble."""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest

from ingest.camera.address import AddressPolicy, CameraAddressRefusedError
from ingest.camera.camera import UNVERIFIED, Credentials
from ingest.rehearsal.server.rtsp_server import RtspServer
from ingest.relay.certificate import CameraCertificateError
from ingest.relay.connection import Destination
from ingest.relay.login import Login
from ingest.relay.loop import RelayLoop
from ingest.relay.relay import Relay
from ingest.stream.loss_marker import LOSS_MARKER
from ingest.stream.source import CameraLoginError, CameraStreamError, CameraUnreachableError
from matcher.errors import ClearglassError
from tests.ingest.relay.conftest import (
    CREDENTIALS,
    LOGIN,
    TIMING,
    Certificates,
    Listener,
    MakeRelay,
    refusal,
    view,
    wait_for,
)

Serve = Callable[..., RtspServer]
WRONG = Credentials(username=LOGIN[0], password="canary-7531")


@pytest.fixture(scope="module")
def server(clip: Path) -> Iterator[RtspServer]:
    """One server for all tests that do not ask what it was asked."""
    with RtspServer({"face": clip}) as one:
        yield one


@pytest.mark.slow
def test_a_stream_comes_through_and_is_counted(relay: MakeRelay, server: RtspServer) -> None:
    one = relay(server.url("face"))
    packets = view(one, 30)
    assert len(packets) == 30 and not any(LOSS_MARKER in packet for packet in packets)
    assert one.received >= 30 and one.lost == 0 and one.failure is None


def test_a_viewer_that_breaks_off_is_no_failure_of_the_camera(relay: MakeRelay, server: RtspServer) -> None:
    one = relay(server.url("face"))
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", one.port), timeout=10) as viewer:
            viewer.sendall(f"DESCRIBE {one.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            assert viewer.recv(64).startswith(b"RTSP/1.0 200")
            # Closed with an answer unread and without lingering: the relay's next read or write is reset.
            viewer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        time.sleep(0.2)
        assert one.failure is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "query", ["auth=basic", "auth=md5", "auth=md5&qop=1", "auth=sha256", "auth=sha256&qop=1", "auth=both", "stale=1"]
)
def test_every_kind_of_login_is_given(relay: MakeRelay, serve: Serve, query: str) -> None:
    server = serve(login=LOGIN)
    assert view(relay(server.url("face", query), credentials=CREDENTIALS), 5)
    assert not server.requests[0].has_authorization, "not before it was asked for"
    schemes = {request.authorization_scheme for request in server.requests if request.has_authorization}
    assert schemes == {"basic" if query == "auth=basic" else "digest"}, "never in the clear where a digest is offered"


def test_a_viewer_never_learns_the_login(relay: MakeRelay, serve: Serve) -> None:
    one = relay(serve(login=LOGIN).url("face"), credentials=CREDENTIALS)
    assert "@" not in one.url and LOGIN[0] not in one.url
    with socket.create_connection(("127.0.0.1", one.port), timeout=10) as viewer:
        viewer.sendall(f"DESCRIBE {one.url} RTSP/1.0\r\nCSeq: 77\r\nAccept: application/sdp\r\n\r\n".encode())
        answer = viewer.recv(65536).decode()
    assert answer.startswith("RTSP/1.0 200") and "CSeq: 77" in answer
    assert "uthenticate" not in answer and "uthorization" not in answer


@pytest.mark.parametrize("credentials", [WRONG, None])
def test_a_refused_login_is_not_tried_again_for_a_minute(
    relay: MakeRelay, serve: Serve, credentials: Credentials | None
) -> None:
    server = serve(login=LOGIN)
    login = Login(credentials)
    one = relay(server.url("face"), login=login)
    failure = refusal(one)
    assert isinstance(failure, CameraLoginError)
    assert ("the login it was given" if credentials else "without a login") in failure.message
    assert "canary" not in str(failure)
    asked = server.requests
    assert sum(request.has_authorization for request in asked) == (credentials is not None), "once, and never again"
    assert 55 < one.wait <= 60
    for _ in range(3):
        assert refusal(one) is failure
    assert server.requests == asked and server.connections == 1


@pytest.mark.parametrize(
    "query", ["redirect=rtsp://{}/x", "redirect=rtsp://{}/x&redirect_after=login", "redirect=http://{}/x"]
)
@pytest.mark.parametrize("tls", [False, True])
def test_a_redirect_gets_no_connection_and_no_byte_of_the_login(
    relay: MakeRelay, serve: Serve, elsewhere: Listener, certificates: Certificates, query: str, tls: bool
) -> None:
    server = serve(login=LOGIN, tls=certificates.good if tls else None)
    address = server.url("face", query.format(elsewhere.address))
    failure = refusal(relay(address, credentials=CREDENTIALS, authorities=certificates.authorities))
    assert isinstance(failure, CameraAddressRefusedError)
    assert elsewhere.address in failure.message and "/x" not in failure.message
    time.sleep(0.3)
    assert (elsewhere.connections, elsewhere.received) == (0, b"")
    if "redirect_after" not in query:
        assert not any(request.has_authorization for request in server.requests)


@pytest.mark.slow
@pytest.mark.parametrize("slow", [2, 4])
def test_a_slow_camera_connects(relay: MakeRelay, server: RtspServer, slow: int) -> None:
    assert view(relay(server.url("face", f"slow={slow}")), 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "kind", "words"),
    [
        ("slow=8", CameraUnreachableError, "did not begin its stream within 1 s"),
        ("silent=1", CameraUnreachableError, "accepted the connection and sent nothing for 1 s"),
        ("silent=describe", CameraUnreachableError, "did not begin its stream within 1 s"),
        ("udponly=1", CameraStreamError, "by UDP only"),
        ("status=404", CameraUnreachableError, "no stream at this path"),
        ("status=453", CameraUnreachableError, "no room for another viewer (status 453)"),
        ("status=500", CameraUnreachableError, "answered with status 500"),
        ("stall=1.5", CameraUnreachableError, "sent no picture for 1 s"),
        ("die=1.5", CameraStreamError, "ended the stream"),
    ],
)
def test_each_trouble_has_its_own_sentence(
    relay: MakeRelay, server: RtspServer, query: str, kind: type[ClearglassError], words: str
) -> None:
    began = time.monotonic()
    failure = refusal(relay(server.url("face", query), open_seconds=1.0, stall_seconds=1.0))
    assert isinstance(failure, ClearglassError) and type(failure) is kind
    assert words in failure.message and failure.remedy
    assert time.monotonic() - began < 6.0


@pytest.mark.slow
def test_after_trouble_the_failure_is_taken_back(relay: MakeRelay, serve: Serve) -> None:
    server = serve()
    one = relay(server.url("face"))
    server.kill()
    assert "refused the connection" in refusal(one).message
    server.start()
    assert view(one, 30) and one.failure is None


def test_what_is_no_rtsp(relay: MakeRelay) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        one = relay(f"rtsp://127.0.0.1:{other.getsockname()[1]}/x")
        with socket.create_connection(("127.0.0.1", one.port)) as viewer:
            viewer.sendall(f"OPTIONS {one.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            camera, _ = other.accept()
            with camera:
                camera.recv(1000)
                camera.sendall(b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 20_000)
                wait_for(lambda: one.failure is not None)
    assert "is no RTSP" in one.failure.message  # type: ignore[union-attr]


@pytest.mark.slow
@pytest.mark.parametrize("ts", ["jitter", "vfr", "backoften", "pull20", "leap", "wrap", "zero"])
def test_an_uneven_pace_is_no_loss(relay: MakeRelay, server: RtspServer, ts: str) -> None:
    one = relay(server.url("face", f"ts={ts}"))
    assert not any(LOSS_MARKER in packet for packet in view(one, 60))
    assert one.received >= 60 and one.lost == 0


@pytest.mark.slow
@pytest.mark.parametrize("query", ["loss=0.1", "loseframe=7"])
def test_lost_packets_are_counted_and_marked_where_they_are_missing(
    relay: MakeRelay, server: RtspServer, query: str
) -> None:
    one = relay(server.url("face", query))
    marked = sum(LOSS_MARKER in packet for packet in view(one, 60))
    assert one.lost > 3
    assert 3 <= marked <= one.lost


@pytest.mark.slow
def test_sequence_numbers_that_wrap_are_no_loss(relay: MakeRelay, server: RtspServer) -> None:
    one = relay(server.url("face", "seq=65500"))
    view(one, 60)
    assert one.received > 40 and one.lost == 0


@pytest.mark.slow
@pytest.mark.parametrize("query", ["sdp=absolute", "sdp=bare", "garbage=1"])
def test_oddities_come_through(relay: MakeRelay, server: RtspServer, query: str) -> None:
    assert len(view(relay(server.url("face", query)), 40)) == 40


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("unknown", "does not know"),
        ("other_host", "belongs to another host"),
        ("expired", "has expired"),
        ("self_signed", "is signed by itself"),
    ],
)
def test_a_wrong_certificate_is_refused_before_anything_is_sent(
    relay: MakeRelay, serve: Serve, certificates: Certificates, which: str, words: str
) -> None:
    shown = getattr(certificates, which)
    server = serve(login=LOGIN, tls=shown)
    failure = refusal(relay(server.url("face"), credentials=CREDENTIALS, authorities=certificates.authorities))
    assert isinstance(failure, CameraCertificateError)
    assert words in failure.message and certificates.pin(shown) in failure.message
    assert server.requests == ()


@pytest.mark.parametrize("which", ["good", "other_host", "expired", "unknown", "self_signed"])
def test_a_pinned_certificate_is_accepted_and_no_other(
    relay: MakeRelay, serve: Serve, certificates: Certificates, which: str
) -> None:
    shown = getattr(certificates, which)
    right, wrong = serve(login=LOGIN, tls=shown), serve(login=LOGIN, tls=shown)
    assert view(relay(right.url("face"), credentials=CREDENTIALS, certificate=certificates.pin(shown)), 3)
    failure = refusal(relay(wrong.url("face"), credentials=CREDENTIALS, certificate="sha256:" + "0" * 64))
    assert isinstance(failure, CameraCertificateError) and "another certificate" in failure.message
    assert wrong.requests == ()


@pytest.mark.slow
def test_a_certificate_of_a_sites_authority_and_the_exception_are_accepted(
    relay: MakeRelay, serve: Serve, certificates: Certificates
) -> None:
    good, unknown = serve(login=LOGIN, tls=certificates.good), serve(login=LOGIN, tls=certificates.unknown)
    assert view(relay(good.url("face"), credentials=CREDENTIALS, authorities=certificates.authorities), 3)
    assert view(relay(unknown.url("face"), credentials=CREDENTIALS, certificate=UNVERIFIED), 3)


def test_only_who_knows_the_secret_path_is_served(relay: MakeRelay, serve: Serve) -> None:
    server = serve()
    one = relay(server.url("face"))
    for address in (f"rtsp://127.0.0.1:{one.port}/face", f"rtsp://127.0.0.1:{one.port}/", one.url[:-1]):
        with pytest.raises(av.FFmpegError):
            av.open(address, options={"rtsp_transport": "tcp"}, timeout=5.0)
    assert server.connections == 0


@pytest.mark.slow
def test_a_new_viewer_takes_the_place_of_the_last(relay: MakeRelay, server: RtspServer) -> None:
    one = relay(server.url("face"))
    options = {"rtsp_transport": "tcp", "fflags": "nobuffer"}
    with av.open(one.url, options=options, timeout=10.0) as first:
        assert view(one, 3)
        with pytest.raises(av.FFmpegError):
            for packet in first.demux(video=0):
                if not packet.size:
                    raise av.error.EOFError(0, "")


def test_an_address_that_is_not_allowed_gets_no_connection(relay_loop: RelayLoop, elsewhere: Listener) -> None:
    import ipaddress

    narrow = AddressPolicy(networks=(ipaddress.ip_network("10.0.0.0/8"),), ports=((1, 65535),))
    destination = Destination(address=f"rtsp://{elsewhere.address}/x", policy=narrow)
    one = Relay(destination, login=Login(None), timing=TIMING, loop=relay_loop)
    try:
        assert isinstance(refusal(one), CameraAddressRefusedError)
    finally:
        one.close()
    assert elsewhere.connections == 0
