"""What the tests of relays share: relays that are closed at the end, a viewer that opens them as a worker does."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import pytest
import trustme

from ingest.camera.address import AddressPolicy
from ingest.camera.camera import Credentials
from ingest.rehearsal.server.certificate import ServerCertificate
from ingest.relay.connection import Destination
from ingest.relay.login import Login
from ingest.relay.loop import RelayLoop
from ingest.relay.relay import Relay, Timing

LOGIN = ("admin", "p@ss:w/o#r?d%1 ü")
CREDENTIALS = Credentials(username=LOGIN[0], password=LOGIN[1])
TIMING = Timing(open_seconds=10.0, stall_seconds=3.0, snapshot_seconds=0.3)

MakeRelay = Callable[..., Relay]


@pytest.fixture(scope="module")
def relay_loop() -> Iterator[RelayLoop]:
    with RelayLoop() as loop:
        yield loop


@pytest.fixture
def relay(relay_loop: RelayLoop, policy: AddressPolicy) -> Iterator[MakeRelay]:
    """Makes relays; all are closed at the end."""
    made: list[Relay] = []

    def make(
        address: str,
        *,
        credentials: Credentials | None = None,
        login: Login | None = None,
        certificate: str | None = None,
        authorities: Path | None = None,
        **timing: float,
    ) -> Relay:
        destination = Destination(address=address, policy=policy, certificate=certificate, authorities=authorities)
        login = login or Login(credentials)
        one = Relay(destination, login=login, timing=replace(TIMING, **timing), loop=relay_loop)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


def view(relay: Relay, packets: int = 30) -> list[bytes]:
    """The first packets of a stream, as FFmpeg gets them from the relay. Raises FFmpeg's error."""
    options = {"fflags": "nobuffer", "fpsprobesize": "0", "analyzeduration": "2000000"}
    if relay.url.startswith("rtsp"):
        options |= {"rtsp_transport": "tcp", "allowed_media_types": "video"}
    seen: list[bytes] = []
    with av.open(relay.url, options=options, timeout=(15.0, 5.0)) as container:
        for packet in container.demux(video=0):
            if packet.size:
                seen.append(bytes(packet))
            if len(seen) == packets:
                return seen
    return seen


def refusal(relay: Relay, packets: int = 1000) -> Any:
    """Views until it ends, which it must; returns the relay's reason."""
    with suppress(av.FFmpegError):
        view(relay, packets)
    wait_for(lambda: relay.failure is not None)
    return relay.failure


def wait_for(condition: Callable[[], object], seconds: float = 10.0) -> None:
    event = threading.Event()
    for _ in range(round(seconds / 0.02)):
        if condition():
            return
        event.wait(0.02)
    raise AssertionError("waited in vain")


class Listener:
    """Another host: accepts connections and keeps every byte."""

    def __init__(self, host: str) -> None:
        self._socket = socket.create_server((host, 0))
        self._socket.settimeout(0.1)
        self.address = f"{host}:{self._socket.getsockname()[1]}"
        self.connections = 0
        self.received = b""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while not self._end.is_set():
            with suppress(TimeoutError):
                one, _ = self._socket.accept()
                self.connections += 1
                with one, suppress(OSError):
                    one.settimeout(1.0)
                    self.received += one.recv(65536)

    def close(self) -> None:
        self._end.set()
        self._thread.join()
        self._socket.close()


@pytest.fixture
def elsewhere() -> Iterator[Listener]:
    listener = Listener("127.0.0.2")
    yield listener
    listener.close()


class Certificates:
    """An authority, and certificates of it for 127.0.0.1: a good one, one of another host, one that has expired."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        authority, stranger = trustme.CA(), trustme.CA()
        self.authorities = folder / "authorities.pem"
        authority.cert_pem.write_to_path(str(self.authorities))
        self.good = self._written("good", authority.issue_cert("127.0.0.1"))
        self.other_host = self._written("other", authority.issue_cert("camera.example"))
        long_ago = datetime.now(UTC) - timedelta(days=1)
        self.expired = self._written("expired", authority.issue_cert("127.0.0.1", not_after=long_ago))
        self.unknown = self._written("unknown", stranger.issue_cert("127.0.0.1"))
        self.self_signed = self._self_signed("self_signed")

    def _written(self, name: str, made: trustme.LeafCert) -> ServerCertificate:
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        made.cert_chain_pems[0].write_to_path(str(certificate))
        made.private_key_pem.write_to_path(str(key))
        return ServerCertificate(certificate=certificate, key=key)

    def _self_signed(self, name: str) -> ServerCertificate:
        """As most cameras make theirs."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
        made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        made = made.not_valid_before(datetime.now(UTC) - timedelta(days=1))
        made = made.not_valid_after(datetime.now(UTC) + timedelta(days=1))
        files = ServerCertificate(certificate=self._folder / f"{name}.pem", key=self._folder / f"{name}.key")
        signed = made.sign(key, hashes.SHA256())
        files.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files

    @staticmethod
    def pin(certificate: ServerCertificate) -> str:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        read = x509.load_pem_x509_certificate(certificate.certificate.read_bytes())
        return f"sha256:{read.fingerprint(hashes.SHA256()).hex()}"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))
