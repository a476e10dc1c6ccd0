"""A connection to a camera: to the address that was checked, by TLS where the address says so, and to nothing else."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from ingest.address import Address, AddressPolicy, Location
from ingest.camera import UNVERIFIED
from ingest.relay import certificate
from ingest.relay.deadline import Deadline
from ingest.source import CameraUnreachableError

CHUNK = 1 << 18
"""Bytes received at once at most."""

_TLS = {"rtsps", "https"}


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where one stream of a camera is fetched from. address: without a login; it may hold a password in its path.

    policy: checks and pins the address at each connection, since a name may point elsewhere by then. certificate: the
    rule of `ingest.camera.Camera`. authorities: PEM file of authorities that the site trusts beside the system's.
    """

    address: str
    policy: AddressPolicy
    certificate: str | None = None
    authorities: Path | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Connection:
    """An open connection. address: what was connected to. Its owner closes it."""

    address: Address
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Sends, waiting for room."""
        self.writer.write(data)
        await self.writer.drain()

    async def pass_on(self, data: bytes, deadline: Deadline) -> None:
        """Sends to a viewer, and suspends the camera's deadline while the viewer has no room."""
        self.writer.write(data)
        if self.writer.transport.get_write_buffer_size() > CHUNK:
            with deadline.suspended():
                await self.writer.drain()

    async def receive(self) -> bytes:
        """What has come, at least a byte; nothing at the end."""
        return await self.reader.read(CHUNK)

    def close(self) -> None:
        """Drops the connection, without waiting for the other end to agree."""
        self.writer.transport.abort()


async def connect(destination: Destination) -> Connection:
    """Checks the address, connects to it and makes sure of its certificate; nothing was sent by then.

    Raises what `AddressPolicy.locate` raises, CameraUnreachableError and CameraCertificateError. The caller bounds the
    time.
    """
    loop = asyncio.get_running_loop()
    location = await loop.run_in_executor(None, destination.policy.locate, destination.address)
    address = location.address
    assert address is not None  # noqa: S101 - `locate` refuses files and devices unless it is asked for them
    try:
        return await _opened(destination, location, address)
    except ssl.SSLCertVerificationError as error:
        shown = await _presented(location, address)
        raise certificate.refused(address, error, shown) from None
    except ssl.SSLError:
        raise CameraUnreachableError(
            f"{address} does not speak TLS as this machine does.",
            remedy="Check the port, update the camera's firmware, or use an address without TLS.",
        ) from None
    except ConnectionRefusedError:
        raise CameraUnreachableError(
            f"{address} refused the connection.", remedy="Check the port, and that the camera is on."
        ) from None
    except OSError:
        raise CameraUnreachableError(
            f"{address} cannot be reached.", remedy="Check that the camera is on, and the network between here and it."
        ) from None


async def _opened(destination: Destination, location: Location, address: Address) -> Connection:
    tls = certificate.context(destination.certificate, destination.authorities) if address.scheme in _TLS else None
    reader, writer = await _streams(location, address, tls)
    connection = Connection(address=address, reader=reader, writer=writer)
    try:
        if tls is not None:
            certificate.require(destination.certificate, _certificate_of(writer), address)
    except BaseException:
        connection.close()
        raise
    return connection


async def _streams(
    location: Location, address: Address, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(
        str(location.ip),
        address.port,
        ssl=tls,
        server_hostname=None if tls is None else address.host.rstrip("."),
        limit=CHUNK,
    )


async def _presented(location: Location, address: Address) -> bytes | None:
    """The certificate (DER) that failed verification, by a second handshake after which nothing is sent."""
    with contextlib.suppress(OSError):
        _, writer = await _streams(location, address, certificate.context(UNVERIFIED, None))
        shown = _certificate_of(writer)
        writer.transport.abort()
        return shown
    return None


def _certificate_of(writer: asyncio.StreamWriter) -> bytes | None:
    channel = writer.get_extra_info("ssl_object")
    shown: bytes | None = channel.getpeercert(binary_form=True)
    return shown
