"""Each kind of trouble as a viewer meets it that speaks RTSP by hand (RFC 2326)."""

import base64
import hashlib
import re
import socket
import ssl
import struct
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, islice, pairwise
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import av
import numpy as np
import pytest
import trustme

from ingest.rehearsal.film.film import Film, add_sound, encode_h265, make_substream
from ingest.rehearsal.server.certificate import ServerCertificate
from ingest.rehearsal.server.clock import TICKS
from ingest.rehearsal.server.rtsp_server import RtspServer

LOGIN = ("admin", "s3cret")


@pytest.fixture(scope="module")
def server(clip: Path) -> Iterator[RtspServer]:
    with RtspServer({"face": clip}) as running:
        yield running


@pytest.fixture(scope="module")
def locked(clip: Path) -> Iterator[RtspServer]:
    with RtspServer({"face": clip}, login=LOGIN) as running:
        yield running


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: str

    def header(self, name: str) -> str:
        return next(value for key, value in self.headers if key.lower() == name.lower())


@dataclass(frozen=True, kw_only=True)
class Rtp:
    """moment: when it was read, seconds of time.monotonic()."""

    payload: bytes
    number: int
    stamp: int
    moment: float


class Talk:
    """One connection."""

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None) -> None:
        self.url = url
        place = urlsplit(url)
        assert place.hostname is not None and place.port is not None
        self._socket = socket.create_connection((place.hostname, place.port), timeout=10)
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname=place.hostname)
        self._file = self._socket.makefile("rb")
        self._asked = 0
        self.nonsense = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def send(self, method: str, uri: str = "", headers: Mapping[str, str] | None = None) -> None:
        self._asked += 1
        lines = [f"{method} {uri or self.url} RTSP/1.0", f"CSeq: {self._asked}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def ask(self, method: str, uri: str = "", headers: Mapping[str, str] | None = None) -> Answer:
        self.send(method, uri, headers)
        status = int(self._file.readline().split()[1])
        lines = iter(lambda: self._file.readline().decode().strip(), "")
        fields = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        answer = Answer(status=status, headers=fields, body="")
        return Answer(
            status=status, headers=fields, body=self._file.read(int(answer.header("content-length"))).decode()
        )

    def quiet(self, seconds: float) -> bool:
        """True if nothing arrives, and the connection stays open, for some seconds."""
        self._socket.settimeout(seconds)
        try:
            self._socket.recv(1)
        except TimeoutError:
            return True
        return False

    def play(self, *tracks: str) -> Answer:
        """Plays track1, or several; the first has channels 0 and 1, the next 2 and 3."""
        base = self.ask("DESCRIBE").header("content-base")
        for place, track in enumerate(tracks or ("track1",)):
            transport = {"Transport": f"RTP/AVP/TCP;unicast;interleaved={2 * place}-{2 * place + 1}"}
            setup = self.ask("SETUP", f"{base}{track}", transport)
        return self.ask("PLAY", base, {"Session": setup.header("session").partition(";")[0]})

    def received(self) -> bytes:
        """What comes next, where a time-out has ended the reading of packets."""
        return self._socket.recv(1000)

    def packets(self, seconds: float, *, patience: float = 10.0, of: int = 0) -> list[Rtp]:
        """The packets of a channel, until the seconds are over or the connection ends; TimeoutError: none arrives any
        more."""
        self._socket.settimeout(patience)
        found: list[Rtp] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until and (first := self._file.read(1)):
            if first != b"$":
                self.nonsense += first
                continue
            channel, size = struct.unpack("!BH", self._file.read(3))
            payload = self._file.read(size)
            if channel == of:
                _, number, stamp = struct.unpack("!HHI", payload[:8])
                found.append(Rtp(payload=payload[12:], number=number, stamp=stamp, moment=time.monotonic()))
        return found


def frames(packets: list[Rtp]) -> list[int]:
    """One time stamp a frame, for streams whose neighbours differ."""
    stamps = [packet.stamp for packet in packets]
    return stamps[:1] + [stamp for before, stamp in pairwise(stamps) if stamp != before]


def gaps(packets: list[Rtp]) -> int:
    """How many packets the numbers say are missing."""
    return sum((after.number - before.number) % 2**16 - 1 for before, after in pairwise(packets))


def test_without_trouble_nothing_is_missing(server: RtspServer) -> None:
    with Talk(server.url("face")) as talk:
        assert "seq=1;rtptime=0" in talk.play().header("rtp-info")
        packets = talk.packets(1.0)
    assert packets[0].number == 1 and gaps(packets) == 0
    assert {after - before for before, after in pairwise(frames(packets))} == {3600}
    assert not talk.nonsense


def test_an_unknown_trouble_is_a_bad_request(server: RtspServer) -> None:
    for query, text in (("typo=1", "typo"), ("loss=2", "0 to 1"), ("auth=basic", "no login")):
        with Talk(server.url("face", query)) as talk:
            for method in ("OPTIONS", "DESCRIBE"):
                answer = talk.ask(method)
                assert (answer.status, text in answer.body) == (400, True)
            assert answer.header("cseq") == "2"


def test_slow(server: RtspServer) -> None:
    with Talk(server.url("face", "slow=0.6")) as talk:
        began = time.monotonic()
        assert talk.ask("OPTIONS").status == 200
        assert time.monotonic() - began < 0.5
        assert talk.ask("DESCRIBE").status == 200
        assert time.monotonic() - began >= 0.6


def test_silent(server: RtspServer) -> None:
    before = len(server.requests)
    with Talk(server.url("face", "silent=1")) as talk:
        talk.send("OPTIONS")
        assert talk.quiet(0.5)
    with Talk(server.url("face", "silent=describe")) as talk:
        assert talk.ask("OPTIONS").status == 200
        talk.send("DESCRIBE")
        assert talk.quiet(0.5)
    assert [request.method for request in server.requests[before:]] == ["OPTIONS", "OPTIONS", "DESCRIBE"]


@pytest.mark.slow
def test_a_share_of_packets_is_lost_the_same_for_a_seed(server: RtspServer) -> None:
    def lost(seed: int) -> tuple[set[int], int]:
        with Talk(server.url("face", f"loss=0.2&seed={seed}")) as talk:
            talk.play()
            packets = talk.packets(2.0)
        there = {packet.number for packet in packets}
        return set(range(1, 40)) - there, gaps(packets)

    first, missing = lost(1)
    assert first and missing
    assert lost(1)[0] == first != lost(2)[0]


@pytest.mark.slow
def test_every_fifth_frame_is_lost(server: RtspServer) -> None:
    with Talk(server.url("face", "loseframe=5")) as talk:
        talk.play()
        packets = talk.packets(1.5)
    numbers = [stamp // 3600 for stamp in frames(packets)]
    assert len(numbers) > 20
    assert numbers == [number for number in range(numbers[-1] + 1) if number % 5 != 4]
    assert gaps(packets) > 0


def test_udp_only(server: RtspServer) -> None:
    with Talk(server.url("face", "udponly=1")) as talk:
        base = talk.ask("DESCRIBE").header("content-base")
        assert talk.ask("SETUP", f"{base}track1", {"Transport": "RTP/AVP/TCP;interleaved=0-1"}).status == 461


def test_a_status_and_a_redirect(server: RtspServer) -> None:
    with Talk(server.url("face", "status=503")) as talk:
        assert talk.ask("DESCRIBE").status == 503
    with Talk(server.url("face", "redirect=rtsp://127.0.0.2:99/x")) as talk:
        answer = talk.ask("DESCRIBE")
        assert (answer.status, answer.header("location")) == (302, "rtsp://127.0.0.2:99/x")


@pytest.mark.slow
@pytest.mark.parametrize("ts", ["wrap", "zero", "leap", "jitter"])
def test_time_stamps_are_the_clocks(server: RtspServer, ts: str) -> None:
    with Talk(server.url("face", f"ts={ts}")) as talk:
        info = talk.play().header("rtp-info")
        packets = talk.packets(2.4)
    stamps = [packet.stamp for packet in packets]
    assert info.endswith(f"rtptime={stamps[0]}")
    assert gaps(packets) == 0
    steps = {round(((after - before) % 2**32) / TICKS, 2) for before, after in pairwise(frames(packets))}
    if ts == "wrap":
        assert max(stamps) > 2**32 - TICKS and min(stamps) < TICKS and steps == {0.04}
    elif ts == "zero":
        assert set(stamps) == {0}
    elif ts == "leap":
        assert steps == {0.04, 3600.04}
    else:
        assert len(steps) > 2 and max(steps) <= 0.08


@pytest.mark.slow
def test_an_uneven_pace_is_kept(server: RtspServer) -> None:
    with Talk(server.url("face", "ts=pull20")) as talk:
        talk.play()
        packets = talk.packets(1.5)
    assert gaps(packets) == 0
    elapsed = packets[-1].moment - packets[0].moment
    assert (packets[-1].stamp - packets[0].stamp) / TICKS == pytest.approx(elapsed, abs=0.3)
    assert len(frames(packets)) == pytest.approx(20 * elapsed, abs=4)


def test_numbers_begin_where_they_are_told_to_and_wrap(server: RtspServer) -> None:
    with Talk(server.url("face", "seq=65530")) as talk:
        assert "seq=65530;" in talk.play().header("rtp-info")
        packets = talk.packets(1.0)
    assert packets[0].number == 65530 and packets[-1].number < 1000 and gaps(packets) == 0


def test_the_connection_dies(server: RtspServer) -> None:
    with Talk(server.url("face", "die=0.7")) as talk:
        talk.play()
        began = time.monotonic()
        assert talk.packets(5.0)
        assert 0.5 < time.monotonic() - began < 4.0


@pytest.mark.slow
def test_the_stream_stalls_on_an_open_connection(server: RtspServer) -> None:
    with Talk(server.url("face", "stall=0.5")) as talk:
        talk.play()
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            talk.packets(10.0, patience=1.0)
        assert 1.4 < time.monotonic() - began < 4.0
        talk.send("OPTIONS")
        assert talk.received().startswith(b"RTSP/1.0 200")


@pytest.mark.slow
def test_a_session_without_a_sign_of_its_viewer_ends(server: RtspServer) -> None:
    with Talk(server.url("face", "timeout=1")) as talk:
        assert talk.play().header("session").endswith("timeout=1")
        began = time.monotonic()
        talk.packets(5.0)
        assert 0.9 < time.monotonic() - began < 4.0


def test_control_addresses_of_another_host(server: RtspServer) -> None:
    with Talk(server.url("face", "sdp=absolute")) as talk:
        described = talk.ask("DESCRIBE").body
        assert "a=control:rtsp://camera.example:554/face/track1\r\n" in described
        assert "a=control:rtsp://camera.example:554/face/\r\n" in described
        setup = talk.ask("SETUP", "rtsp://camera.example:554/face/track1", {"Transport": "RTP/AVP/TCP;interleaved=0-1"})
        assert setup.status == 200
    with Talk(server.url("face")) as talk:
        assert "sprop-parameter-sets" in talk.ask("DESCRIBE").body
    with Talk(server.url("face", "sdp=bare")) as talk:
        assert "sprop-parameter-sets" not in talk.ask("DESCRIBE").body


def test_joined_in_the_middle(server: RtspServer) -> None:
    with Talk(server.url("face", "start=0.5")) as talk:
        talk.play()
        began = time.monotonic()
        packets = talk.packets(1.0)
    kinds = [packet.payload[0] & 0x1F for packet in packets]
    assert kinds[:3] == [7, 8, 1], "parameter sets, and a picture that is no key frame"
    assert 7 in kinds[3:], "the next key frame comes"
    assert packets[0].stamp < 3600 and packets[0].moment - began < 0.5


@pytest.mark.slow
def test_the_resolution_changes_and_changes_back(clip: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.mp4"
    with Film(short, width=160, height=120, fps=25) as film:
        for level in range(25):
            film.add(np.full((120, 160, 3), 5 * level, np.uint8))
    smaller = make_substream(short, tmp_path / "smaller.mp4", width=80, height=60)
    with RtspServer({"large": short, "small": smaller}) as server:
        url = server.url("large", "switch=small")
        with av.open(url, options={"rtsp_transport": "tcp", "analyzeduration": "100000"}, timeout=10) as container:
            frames = list(islice(container.decode(video=0), 70))
        with Talk(server.url("large", "switch=cellar")) as talk:
            assert talk.ask("DESCRIBE").status == 404
    widths = [width for width, _ in groupby(frame.width for frame in frames)]
    assert widths == [160, 80, 160]


@pytest.mark.slow
def test_h265_is_served_too(clip: Path, tmp_path: Path) -> None:
    with RtspServer({"face": encode_h265(clip, tmp_path / "h265.mp4")}) as server:
        url = server.url("face", "loseframe=10")
        with av.open(url, options={"rtsp_transport": "tcp", "analyzeduration": "100000"}, timeout=10) as container:
            assert container.streams.video[0].codec_context.name == "hevc"
            assert len(list(islice(container.decode(video=0), 15))) == 15


@pytest.mark.slow
def test_more_tracks(clip: Path, tmp_path: Path) -> None:
    with RtspServer({"loud": add_sound(clip, tmp_path / "loud.mp4")}) as server:
        with Talk(server.url("loud", "meta=1&second=1")) as talk:
            described = talk.ask("DESCRIBE").body
            kinds = re.findall("m=([a-z]+)", described)
            assert kinds == ["application", "video", "audio", "video"]
            assert re.findall("a=control:(track.)", described) == ["track9", "track1", "track2", "track8"]
        for channel in (0, 2, 4, 6):
            with Talk(server.url("loud", "meta=1&second=1")) as talk:
                talk.play("track9", "track1", "track2", "track8")
                packets = talk.packets(0.6, of=channel)
            assert packets and gaps(packets) == 0
            assert (b"MetadataStream" in packets[0].payload) == (channel == 0)


@pytest.mark.slow
def test_nonsense_between_frames_once_a_second(server: RtspServer) -> None:
    with Talk(server.url("face", "garbage=1")) as talk:
        talk.play()
        packets = talk.packets(1.5)
    assert gaps(packets) == 0 and len(frames(packets)) > 25
    assert len(talk.nonsense) == 200 and b"$" not in talk.nonsense


def answer(challenge: str, method: str, uri: str, password: str = LOGIN[1]) -> str:
    if challenge.startswith("Basic"):
        return "Basic " + base64.b64encode(f"{LOGIN[0]}:{password}".encode()).decode()
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    kind = hashlib.md5 if given["algorithm"] == "MD5" else hashlib.sha256
    middle = given["nonce"] + (":00000001:c:auth" if "qop" in given else "")
    owner = kind(f"{LOGIN[0]}:{given['realm']}:{password}".encode()).hexdigest()
    request = kind(f"{method}:{uri}".encode()).hexdigest()
    response = kind(f"{owner}:{middle}:{request}".encode()).hexdigest()
    rest = ', qop=auth, nc=00000001, cnonce="c"' if "qop" in given else ""
    return (
        f'Digest username="{LOGIN[0]}", realm="{given["realm"]}", nonce="{given["nonce"]}", uri="{uri}", '
        f'response="{response}", algorithm={given["algorithm"]}, opaque="{given["opaque"]}"{rest}'
    )


def challenges(answered: Answer) -> list[str]:
    return [value for name, value in answered.headers if name.lower() == "www-authenticate"]


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("", ["MD5"]),
        ("auth=basic", ["Basic"]),
        ("auth=md5&qop=1", ["MD5"]),
        ("auth=sha256&qop=1", ["SHA-256"]),
        ("auth=both", ["Basic", "MD5", "SHA-256"]),
    ],
)
def test_logins(locked: RtspServer, query: str, kinds: list[str]) -> None:
    before = len(locked.requests)
    with Talk(locked.url("face", query)) as talk:
        refused = talk.ask("DESCRIBE")
        offered = challenges(refused)
        assert refused.status == 401
        assert [kind in offer for kind, offer in zip(kinds, offered, strict=True)] == [True] * len(kinds)
        for offer in offered:
            wrong = {"Authorization": answer(offer, "DESCRIBE", talk.url, "wrong")}
            assert talk.ask("DESCRIBE", headers=wrong).status == 401
        right = {"Authorization": answer(offered[-1], "DESCRIBE", talk.url)}
        base = talk.ask("DESCRIBE", headers=right).header("content-base")
        assert talk.ask("SETUP", f"{base}track1", {"Transport": "RTP/AVP/TCP;interleaved=0-1"}).status == 401
    seen = locked.requests[before:]
    assert [request.has_authorization for request in seen] == [False] + [True] * (len(kinds) + 1) + [False]
    assert seen[-2].authorization_scheme == ("basic" if kinds == ["Basic"] else "digest")


def test_a_redirect_after_the_login(locked: RtspServer) -> None:
    with Talk(locked.url("face", "redirect=rtsp://127.0.0.2:99/x&redirect_after=login")) as talk:
        [offer] = challenges(talk.ask("DESCRIBE"))
        found = talk.ask("DESCRIBE", headers={"Authorization": answer(offer, "DESCRIBE", talk.url)})
        assert (found.status, found.header("location")) == (302, "rtsp://127.0.0.2:99/x")


def test_a_stale_nonce(locked: RtspServer) -> None:
    with Talk(locked.url("face", "stale=1")) as talk:
        [offer] = challenges(talk.ask("DESCRIBE"))
        [again] = challenges(talk.ask("DESCRIBE", headers={"Authorization": answer(offer, "DESCRIBE", talk.url)}))
        assert "stale=true" in again
        assert talk.ask("DESCRIBE", headers={"Authorization": answer(again, "DESCRIBE", talk.url)}).status == 200


def test_a_decoder_logs_in_for_every_request(locked: RtspServer) -> None:
    before = len(locked.requests)
    url = locked.url("face", "auth=basic").replace("//", f"//{':'.join(LOGIN)}@", 1)
    with av.open(url, options={"rtsp_transport": "tcp", "analyzeduration": "100000"}, timeout=10) as container:
        assert next(container.decode(video=0)).width == 320
    seen = [request for request in locked.requests[before:] if request.authorization_scheme == "basic"]
    assert {"DESCRIBE", "SETUP", "PLAY"} <= {request.method for request in seen}


def test_tls(clip: Path, certificate: ServerCertificate, authority: trustme.CA) -> None:
    trusting, doubting = ssl.create_default_context(), ssl.create_default_context()
    authority.configure_trust(trusting)
    with RtspServer({"face": clip}, tls=certificate) as server:
        assert server.url("face").startswith("rtsps://127.0.0.1:")
        with Talk(server.url("face"), tls=trusting) as talk:
            assert talk.ask("DESCRIBE").header("content-base").startswith("rtsps://")
            talk.play()
            assert gaps(talk.packets(0.5)) == 0
        with pytest.raises(ssl.SSLCertVerificationError):
            Talk(server.url("face"), tls=doubting)
        assert server.connections == 2
        assert {request.method for request in server.requests} == {"DESCRIBE", "SETUP", "PLAY"}


def test_connections_are_counted_and_none_is_missed(clip: Path) -> None:
    with RtspServer({"face": clip}) as server:
        assert (server.connections, server.requests) == (0, ())
        for count in range(1, 6):
            with socket.create_connection(("127.0.0.1", server.port)):
                assert server.connections == count
        server.stop()
        assert server.connections == 5


def test_another_address_of_this_machine_is_another_host(clip: Path) -> None:
    with RtspServer({"face": clip}, host="127.0.0.2") as server, Talk(server.url("face")) as talk:
        assert talk.ask("DESCRIBE").header("content-base").startswith("rtsp://127.0.0.2:")
        assert server.connections == 1
