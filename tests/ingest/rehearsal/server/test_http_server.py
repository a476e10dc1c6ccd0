import contextlib
import hashlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import httpx
import numpy as np
import psutil
import pytest
import trustme

from ingest.rehearsal.errors import RehearsalError
from ingest.rehearsal.server.certificate import ServerCertificate
from ingest.rehearsal.server.http_server import HttpServer
from ingest.rehearsal.server.jpeg import vast_jpeg
from ingest.rehearsal.server.trouble import VARIANTS
from matcher.recognition.image import decode_image, encode_jpeg

LOGIN = ("admin", "s3cret")
PICTURES = [encode_jpeg(np.full((48, 64, 3), level, np.uint8)) for level in range(20, 240, 20)]


@pytest.fixture(scope="module")
def server(clip: Path) -> Iterator[HttpServer]:
    with HttpServer(clip) as running:
        yield running


@pytest.fixture(scope="module")
def album() -> Iterator[HttpServer]:
    with HttpServer(pictures=PICTURES, fps=50) as running:
        yield running


@pytest.fixture(scope="module")
def locked() -> Iterator[HttpServer]:
    with HttpServer(pictures=PICTURES, login=LOGIN) as running:
        yield running


def beginning(url: str, size: int) -> tuple[httpx.Headers, bytes]:
    """The answer's head, and its first bytes."""
    with httpx.stream("GET", url, timeout=10) as answer:
        assert answer.status_code == 200
        data = b""
        for piece in answer.iter_raw():
            data += piece
            if len(data) >= size:
                break
        return answer.headers, data


def levels(jpegs: list[bytes]) -> list[int]:
    """The number of each picture of the album."""
    return [round(float(decode_image(jpeg).mean()) / 20) - 1 for jpeg in jpegs]


def in_order(numbers: list[int]) -> bool:
    return all(number == (numbers[0] + place) % len(PICTURES) for place, number in enumerate(numbers))


def test_good_multipart(album: HttpServer) -> None:
    headers, data = beginning(album.url("mjpg"), 6000)
    assert headers["content-type"] == "multipart/x-mixed-replace; boundary=frame"
    assert "content-length" not in headers
    jpegs = []
    for part in data.split(b"--frame\r\n")[1:-1]:
        head, _, body = part.partition(b"\r\n\r\n")
        fields = dict(line.split(b": ") for line in head.split(b"\r\n"))
        assert fields[b"Content-Type"] == b"image/jpeg"
        assert body == body[: int(fields[b"Content-Length"])] + b"\r\n"
        jpegs.append(body[:-2])
    assert len(jpegs) > 3 and in_order(levels(jpegs))


def head_of(data: bytes, end: bytes = b"\r\n\r\n") -> bytes:
    return data.partition(end)[0]


@pytest.mark.slow
def test_variants_of_multipart(album: HttpServer) -> None:
    got = {variant: beginning(album.url("mjpg", f"v={variant}"), 3000) for variant in VARIANTS}
    types = {variant: headers["content-type"].partition("boundary=")[2] for variant, (headers, _) in got.items()}
    odd = {"dashes": "--frame", "quoted": '"frame"', "wronghead": ""}
    assert types == {variant: odd.get(variant, "frame") for variant in VARIANTS}
    assert got["wronghead"][0]["content-type"] == "application/octet-stream"
    body = {variant: data for variant, (_, data) in got.items()}
    good = head_of(body["good"]).split(b"\r\n")
    assert [line.partition(b":")[0] for line in good] == [b"--frame", b"Content-Type", b"Content-Length"]
    assert b"Content-Length" not in body["nolength"]
    assert b"Content-Length" not in body["nestedthumb"]
    assert b"\r\n" not in head_of(body["lf"], b"\n\n") and body["lf"].startswith(b"--frame\nContent-Type")
    assert len(head_of(body["extra"]).split(b"\r\n")) == 6
    assert body["nocrlf"].count(b"\xff\xd9--frame") > 1
    assert b"Content-Type: text/plain" in head_of(body["wrongtype"])
    assert body["blankfirst"].startswith(b"\r\n--frame\r\n")
    assert body["trailer"].startswith(b"Content-Type") and b"--frame\r\n" in body["trailer"]
    told = [int(part.split(b"\r\n")[0]) for part in body["wronglength"].split(b"Content-Length: ")[1:3]]
    sizes = [part.find(b"\r\n--frame") for part in body["wronglength"].split(b"\r\n\r\n")[1:3]]
    assert [length - size for length, size in zip(told, sizes, strict=True)] == [-7, 7]


def test_a_thumbnail_hides_the_pictures_end(album: HttpServer) -> None:
    _, data = beginning(album.url("mjpg", "v=nestedthumb"), 20_000)
    jpegs = [part.partition(b"\r\n\r\n")[2][:-2] for part in data.split(b"--frame\r\n")[1:-1]]
    assert all(jpeg.count(b"\xff\xd9") == 2 for jpeg in jpegs)
    assert len(jpegs) > 2 and in_order(levels(jpegs))


def test_jpegs_without_multipart(album: HttpServer) -> None:
    _, data = beginning(album.url("raw.mjpg"), 3000)
    jpegs = [b"\xff\xd8" + part for part in data.split(b"\xff\xd8")[1:-1]]
    assert len(jpegs) > 2 and in_order(levels(jpegs))


def test_the_pace_is_the_films(server: HttpServer) -> None:
    with httpx.stream("GET", server.url("raw.mjpg"), timeout=10) as answer:
        began, found = time.monotonic(), 0
        for piece in answer.iter_raw():
            found += piece.count(b"\xff\xd8\xff")
            if found > 25:
                break
    assert 0.9 < time.monotonic() - began < 2.5


@pytest.mark.parametrize("path", ["snap.jpg", "cgi-bin/snapshot.cgi"])
def test_a_picture_a_request_on_one_connection(server: HttpServer, path: str) -> None:
    before = server.connections
    with httpx.Client() as client:
        shown: set[bytes] = set()
        until = time.monotonic() + 10
        while len(shown) < 3 and time.monotonic() < until:
            answer = client.get(server.url(path))
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
            assert decode_image(answer.content).shape == (240, 320, 3)
            shown.add(answer.content)
    assert len(shown) == 3, "it shows the moment"
    assert server.connections == before + 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [("ts", "video/mp2t", "mpegts"), ("flv", "video/x-flv", "flv"), ("mp4", "video/mp4", "mp4")],
)
def test_films(server: HttpServer, path: str, kind: str, name: str) -> None:
    headers, _ = beginning(server.url(path), 10)
    assert headers["content-type"] == kind
    with av.open(server.url(path), options={"analyzeduration": "100000"}, timeout=10) as container:
        assert name in container.format.name
        decoded = container.decode(video=0)
        first: Any = next(decoded)
        began = time.monotonic()
        assert len(list(islice(decoded, 40))) == 40
        assert 0.8 < time.monotonic() - began < 3.0
        assert (first.width, first.height) == (320, 240)


def test_answers_that_are_no_video(server: HttpServer, album: HttpServer) -> None:
    for path, status, text in (
        ("page", 200, "<html>"),
        ("empty", 200, ""),
        ("missing", 404, ""),
        ("busy", 503, ""),
        ("list.m3u8", 200, "#EXTM3U"),
        ("snap.jpg?status=500", 500, ""),
        ("mjpg?typo=1", 400, "'typo'"),
        ("mjpg?v=fancy", 400, "good or dashes"),
        ("mjpg?auth=basic", 400, "no login"),
    ):
        answer = httpx.get(server.url(path))
        assert (answer.status_code, text in answer.text) == (status, True), path
    assert httpx.get(server.url("empty")).content == b""
    assert httpx.get(album.url("ts")).status_code == 400


def test_a_redirect_is_only_told(album: HttpServer) -> None:
    answer = httpx.get(album.url("mjpg", "redirect=http://127.0.0.2:99/x"))
    assert (answer.status_code, answer.headers["location"]) == (302, "http://127.0.0.2:99/x")


@pytest.mark.parametrize("query", ["", "auth=md5", "auth=md5&qop=1", "auth=sha256", "auth=sha256&qop=1", "stale=1"])
def test_digest(locked: HttpServer, query: str) -> None:
    before = len(locked.requests)
    url = locked.url("snap.jpg", query)
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, auth=httpx.DigestAuth(LOGIN[0], "wrong")).status_code == 401
    # httpx answers one challenge a request, and knows of no stale nonces: the second request brings the new one.
    auth = httpx.DigestAuth(*LOGIN)
    answers = [httpx.get(url, auth=auth).status_code for _ in range(2)]
    assert answers == ([401, 200] if query == "stale=1" else [200, 200])
    seen = locked.requests[before:]
    assert [request.authorization_scheme for request in seen[:3]] == [None, None, "digest"]
    assert seen[0].path == "/snap.jpg" and "user-agent" in seen[0].headers


def test_basic_and_both(locked: HttpServer) -> None:
    for scheme in ("basic", "both"):
        url = locked.url("snap.jpg", f"auth={scheme}")
        refused = httpx.get(url)
        offers = [value.partition(" ")[0] for value in refused.headers.get_list("www-authenticate")]
        assert (refused.status_code, offers) == (401, ["Basic"] if scheme == "basic" else ["Basic", "Digest", "Digest"])
        assert httpx.get(url, auth=(LOGIN[0], "wrong")).status_code == 401
        assert httpx.get(url, auth=LOGIN).status_code == 200


def test_a_redirect_after_the_login(locked: HttpServer) -> None:
    url = locked.url("snap.jpg", "auth=basic&redirect=http://127.0.0.2:99/x&redirect_after=login")
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, auth=LOGIN).headers["location"] == "http://127.0.0.2:99/x"


def asked(url: str) -> socket.socket:
    """A connection on which an address was asked for by hand."""
    place = urlsplit(url)
    assert place.hostname is not None and place.port is not None
    connection = socket.create_connection((place.hostname, place.port), timeout=10)
    connection.sendall(f"GET {place.path}?{place.query} HTTP/1.1\r\nHost: camera\r\n\r\n".encode())
    return connection


def test_silent_and_slow(album: HttpServer) -> None:
    with asked(album.url("snap.jpg", "silent=1")) as connection:
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    began = time.monotonic()
    assert httpx.get(album.url("snap.jpg", "slow=0.5")).status_code == 200
    assert time.monotonic() - began >= 0.5


def drained(connection: socket.socket, patience: float) -> bytes:
    """Everything that comes; TimeoutError: nothing for `patience` seconds, on an open connection."""
    connection.settimeout(patience)
    data = b""
    while piece := connection.recv(65536):
        data += piece
    return data


@pytest.mark.slow
@pytest.mark.parametrize("path", ["mjpg", "snap.jpg"])
def test_die_and_stall(album: HttpServer, path: str) -> None:
    began = time.monotonic()
    with asked(album.url(path, "die=0.5")) as connection:
        data = drained(connection, 5.0)
    assert 0.5 <= time.monotonic() - began < 3.0
    assert data.count(b"\xff\xd8\xff") > (5 if path == "mjpg" else 0)
    assert path == "mjpg" or not data.endswith(b"\xff\xd9"), "it is cut short"
    with asked(album.url(path, "stall=0.2")) as connection, pytest.raises(TimeoutError):
        drained(connection, 1.0)


def test_a_vast_picture(album: HttpServer) -> None:
    assert httpx.get(album.url("snap.jpg", "big=1")).content == vast_jpeg()


def test_a_head_without_end(album: HttpServer) -> None:
    with asked(album.url("mjpg", "huge_head=1")) as connection:
        data = b""
        while len(data) < 2_000_000:
            data += connection.recv(65536)
    assert data.startswith(b"HTTP/1.1 200 OK\r\n") and b"\r\n\r\n" not in data


def test_tls(certificate: ServerCertificate, authority: trustme.CA) -> None:
    trusting, doubting = ssl.create_default_context(), ssl.create_default_context()
    authority.configure_trust(trusting)
    with HttpServer(pictures=PICTURES, tls=certificate) as server:
        url = server.url("snap.jpg")
        assert url.startswith("https://127.0.0.1:")
        assert httpx.get(url, verify=trusting).status_code == 200
        with (
            socket.create_connection(("127.0.0.1", server.port)) as plain,
            trusting.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            shown = connection.getpeercert(binary_form=True)
        assert shown is not None and certificate.pin == f"sha256:{hashlib.sha256(shown).hexdigest()}"
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, verify=doubting)
        with socket.create_connection(("127.0.0.1", server.port)):
            assert server.connections == 4
        assert len(server.requests) == 1


def test_another_address_of_this_machine_is_another_host() -> None:
    with HttpServer(pictures=PICTURES, host="127.0.0.2") as server:
        assert (server.connections, server.requests) == (0, ())
        assert httpx.get(server.url("snap.jpg")).status_code == 200
        assert server.connections == 1


def test_it_stops_whatever_its_viewers_do_and_starts_again_on_its_port(certificate: ServerCertificate) -> None:
    threads, files = threading.active_count(), psutil.Process().num_fds()
    for tls in (None, certificate):
        server = HttpServer(pictures=PICTURES, tls=tls)
        server.start()
        port = server.port
        if tls is None:
            viewers = [asked(server.url(path)) for path in ("mjpg", "snap.jpg?silent=1", "snap.jpg?slow=60")]
            # Neither of these reads: the server's threads wait for room.
            viewers += [asked(server.url(path)) for path in ("mjpg?big=1", "mjpg?huge_head=1")]
            until = time.monotonic() + 10
            while len(server.requests) < len(viewers) and time.monotonic() < until:
                threading.Event().wait(0.01)
            assert len(server.requests) == len(viewers)
        else:
            viewers = [socket.create_connection(("127.0.0.1", port))]
            assert server.connections == 1, "one that says nothing before TLS"
        began = time.monotonic()
        server.stop()
        server.stop()
        assert time.monotonic() - began < 3.0
        server.start()
        assert server.port == port
        server.stop()
        for viewer in viewers:
            with contextlib.suppress(OSError):
                viewer.close()
    assert (threading.active_count(), psutil.Process().num_fds()) <= (threads, files)


def test_what_cannot_be_served_is_told(server: HttpServer) -> None:
    with pytest.raises(RehearsalError, match="in use"):
        HttpServer(pictures=PICTURES, port=server.port).start()
    for nothing in (HttpServer(), HttpServer(Path("missing.mp4"))):
        with pytest.raises(RehearsalError, match="nothing to show"):
            nothing.start()
