"""A connection to a camera: to the address that was checked, by TLS where the address says so, and to nothing else."""

import asyncio
import contextlib
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

from ingest.camera.address import Address, AddressPolicy, Location
from ingest.camera.camera import UNVERIFIED
from ingest.relay import certificate
from ingest.relay.deadline import Deadline
from ingest.stream.source import CameraUnreachableError

CHUNK = 1 << 18
"""The most bytes of one read."""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """The origin of one stream of a camera. address: without a login; it may hold a password in its path.

    policy: checks and pins the address at each connection, since a name may resolve to another address later.
    certificate: the rule of `Camera`. authorities: PEM file of authorities that the site trusts besides the system's.
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
        """The bytes that have arrived, at least one; none at the end."""
        # Bytes that have arrived are returned without suspending the task: this lets other tasks run during a flood.
        await asyncio.sleep(0)
        return await self.reader.read(CHUNK)

    def close(self) -> None:
        """Drops the connection, without waiting for the other end."""
        self.writer.transport.abort()


async def connect(destination: Destination, deadline: Deadline) -> Connection:
    """Checks the address, connects to it and checks its certificate; nothing is sent before that. Raises the errors of
    `AddressPolicy.locate`, AuthoritiesError, CameraUnreachableError and CameraCertificateError. The deadline bounds the
    time.
    """
    location = await _located(destination)
    address = location.address
    assert address is not None  # noqa: S101 - `locate` refuses files and devices by default
    try:
        return await _opened(destination, location, address, deadline)
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


async def _located(destination: Destination) -> Location:
    """In a thread of its own: the name service may take long, and a process does not wait for such a thread to end."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Location] = loop.create_future()

    def settle(location: Location | None, error: Exception | None) -> None:
        if found.done():
            return
        if location is not None:
            found.set_result(location)
        else:
            found.set_exception(error or OSError())

    def locate() -> None:
        location, error = None, None
        try:
            location = destination.policy.locate(destination.address)
        except Exception as raised:  # noqa: BLE001 - raised again in the loop
            error = raised
        # The relays may have ended meanwhile.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, location, error)

    threading.Thread(target=locate, name="name-service", daemon=True).start()
    return await found


async def _opened(destination: Destination, location: Location, address: Address, deadline: Deadline) -> Connection:
    reader, writer = await asyncio.open_connection(str(location.ip), address.port, limit=CHUNK)
    connection = Connection(address=address, reader=reader, writer=writer)
    deadline.connected()
    try:
        if address.uses_tls:
            tls = certificate.context(destination.certificate, destination.authorities)
            await writer.start_tls(tls, server_hostname=address.host.rstrip("."))
            certificate.require(destination.certificate, _certificate_of(writer), address)
    except BaseException:
        connection.close()
        raise
    return connection


async def _presented(location: Location, address: Address) -> bytes | None:
    """The certificate (DER) that failed verification, by a second handshake after which nothing is sent."""
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection(
            str(location.ip), address.port, ssl=certificate.context(UNVERIFIED, None), server_hostname=address.host
        )
        shown = _certificate_of(writer)
        writer.transport.abort()
        return shown
    return None


def _certificate_of(writer: asyncio.StreamWriter) -> bytes | None:
    channel = writer.get_extra_info("ssl_object")
    shown: bytes | None = channel.getpeercert(binary_form=True)
    return shown
