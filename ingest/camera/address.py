"""Checks a camera's address before anything is opened. A service that connects to addresses given by users can be
misused to reach its own network (server-side request forgery), and cameras are in private networks: so an address is
allowed only when its network and its port are on the site's list. A host's name is resolved once for each connection
and the connection is made to that very address. No message here repeats a login, a path or a query: at most scheme,
host and port.
"""

import ipaddress
import re
import socket
import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote, unquote

from ingest.camera.camera import Credentials
from matcher.errors import ClearglassError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PortRange = tuple[int, int]
"""First and last port, both included."""

DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}

_METADATA = frozenset(
    map(ipaddress.ip_address, ("169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254"))
)
"""The addresses at which clouds serve a machine its own keys; one of them lies in a private network."""

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?\.?")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


class CameraAddressInvalidError(ClearglassError):
    """An address that cannot be parsed, or whose host cannot be found."""

    code: ClassVar[str] = "camera_address_invalid"


class CameraAddressRefusedError(ClearglassError):
    """An address the site does not allow."""

    code: ClassVar[str] = "camera_address_refused"


@dataclass(frozen=True, kw_only=True)
class Address:
    """A network address in its parts. path: from its first slash on, query included, percent-encoded to ASCII."""

    scheme: str
    host: str
    port: int
    path: str = field(repr=False)

    @property
    def host_and_port(self) -> str:
        """The form of HTTP's Host header."""
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def uses_tls(self) -> bool:
        """True if the scheme is rtsps or https."""
        return self.scheme in ("rtsps", "https")

    def __str__(self) -> str:
        """The address for people, without its path, since some cameras have their password there."""
        return f"{self.scheme}://{self.host_and_port}"


@dataclass(frozen=True, kw_only=True)
class Location:
    """A checked place: a pinned network address, or a file or device on this machine."""

    address: Address | None
    ip: IpAddress | None = None
    path: Path | None = None


def split_address(text: str) -> tuple[str, Credentials | None]:
    """Splits an address as people paste it into the address without a login, and the login. The login ends at the last
    `@`, because passwords may contain slashes and hashes. Exception: where an IP address or a name with a domain stands
    before the first slash, the rest is a path, in which cameras may have `@`; then the login ends before it, or there
    is none.
    """
    text = text.strip()
    head, separator, rest = text.partition("://")
    if not separator or not _SCHEME.fullmatch(f"{head}:") or "@" not in rest or head.lower() == "file":
        return text, None
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if _is_host_and_port(authority) or not {"@", ":"} & set(authority):
        return text, None
    ends = authority.rfind("@")
    if ends < 0 or not _is_host_and_port(authority[ends + 1 :]):
        ends = rest.rfind("@")
    username, _, password = rest[:ends].partition(":")
    return f"{head}://{rest[ends + 1 :]}", Credentials(username=unquote(username), password=unquote(password))


def check_login(credentials: Credentials) -> None:
    """Raises CameraAddressInvalidError for a login that Basic and Digest cannot carry (RFC 7617, RFC 7616)."""
    name = credentials.username
    if not name or ":" in name or not (name + credentials.password).isprintable():
        raise CameraAddressInvalidError(
            "The camera's user name is empty or holds a colon, or the login holds a control character.",
            remedy="Give the camera another login.",
        )


def parse_address(text: str) -> Address:
    """Reads a network address. Raises CameraAddressInvalidError, or …RefusedError for a scheme nobody may use."""
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in DEFAULT_PORTS:
        raise CameraAddressRefusedError(
            "A camera's address must begin with rtsp://, rtsps://, http:// or https://.",
            remedy="Give the stream's network address. Files and webcams can be used from the command line only.",
        )
    if any(character.isspace() or ord(character) < 32 or character == "\\" for character in text):
        raise _invalid("it holds a blank, a backslash or a control character", "Percent-encode it.")
    split = re.search(r"[/?#]", rest)
    authority, path = (rest, "/") if split is None else (rest[: split.start()], rest[split.start() :])
    if "@" in authority:
        raise _invalid("it holds a login", "Give user name and password apart from the address.")
    host, port = _host_and_port(authority, DEFAULT_PORTS[scheme])
    path = quote(path if path.startswith("/") else f"/{path}", safe=string.punctuation)
    return Address(scheme=scheme, host=host, port=port, path=path)


def split_path(text: str) -> tuple[str, str]:
    """Splits a network address after its host and port; the rest may contain secrets. Of a local address the rest is
    empty. The two parts together are the address as it was written.
    """
    found = None if is_local(text) else re.match(r"[^:]*://[^/?#]*", text)
    end = len(text) if found is None else found.end()
    return text[:end], text[end:]


def is_local(text: str) -> bool:
    """True if the address is that of a file or a device and no network address."""
    found = _SCHEME.match(text)
    return found is None or found[1].lower() == "file"


def local_path(text: str) -> Path:
    """The path of the file or device that a local address names; it need not exist. A number is that of a webcam."""
    if text.isdigit():
        text = f"/dev/video{text}"
    return Path(unquote(text.removeprefix("file://").removeprefix("file:"))).resolve()


@dataclass(frozen=True, kw_only=True)
class AddressPolicy:
    """The addresses that a site allows. networks and ports are the whole list; loopback adds 127.0.0.0/8 and ::1.

    This machine's other addresses are judged like any machine's: by the networks they lie in.

    Link-local and metadata addresses are refused unless one of the networks lies wholly within their range.
    """

    networks: tuple[Network, ...]
    ports: tuple[PortRange, ...]
    loopback: bool = False

    def locate(self, text: str, *, local: bool = False) -> Location:
        """Checks an address and pins it. local: whether files and devices may be used (command line only).

        Raises CameraAddressInvalidError or CameraAddressRefusedError. Asks the name service, so it may take seconds.
        """
        if is_local(text):
            return Location(address=None, path=self._local(text, allowed=local))
        address = parse_address(text)
        if not any(first <= address.port <= last for first, last in self.ports):
            raise CameraAddressRefusedError(
                f"Port {address.port} of {address.host} is not on this site's list of camera ports.",
                remedy="Add it to CLEARGLASS_ALLOWED_PORTS, or use a port that is on the list.",
            )
        ips = _resolve(address)
        for ip in ips:
            if not self.allows(ip):
                raise CameraAddressRefusedError(
                    f"{address} is not in a network where this site has its cameras.",
                    remedy="Add the camera's network to CLEARGLASS_ALLOWED_NETWORKS if it is meant to be used.",
                )
        return Location(address=address, ip=ips[0])

    def allows(self, ip: IpAddress) -> bool:
        """True if connections to this address are allowed."""
        inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
        if inner is not None:
            # An IPv6 form of an IPv4 address is checked as that IPv4 address, and only if the site lists the IPv6 form.
            return self._lists(ip) and self.allows(inner)
        if ip.is_loopback:
            return self.loopback or self._lists(ip, within=True)
        if ip.is_unspecified or ip.is_multicast or ip.is_reserved:
            return False
        if ip.is_link_local or ip in _METADATA:
            return self._lists(ip, within=True)
        return self._lists(ip)

    def _lists(self, ip: IpAddress, *, within: bool = False) -> bool:
        """within: only a network that lies within the range counts, not a larger one that contains it."""
        holding = (network for network in self.networks if ip.version == network.version and ip in network)
        if not within:
            return any(True for _ in holding)
        if ip in _METADATA:
            return any(network.num_addresses == 1 for network in holding)
        return any(network.is_link_local or network.is_loopback for network in holding)

    def _local(self, text: str, *, allowed: bool) -> Path:
        if not allowed:
            raise CameraAddressRefusedError(
                "A file or a device of this machine cannot be a camera here.",
                remedy="Give an rtsp:// or http:// address, or add the file or webcam from the command line.",
            )
        path = local_path(text)
        if not path.exists():
            raise CameraAddressInvalidError(
                "There is no such file or device for a camera.", remedy="Check the path, and that it can be read."
            )
        return path


def _host_and_port(authority: str, default: int) -> tuple[str, int]:
    if authority.startswith("["):
        host, bracket, tail = authority[1:].partition("]")
        if not bracket or not _is_ip(host, 6) or (tail and not tail.startswith(":")):
            raise _invalid("its IPv6 host is written wrongly", "Write it like rtsp://[fd00::5]:554/stream.")
        return host, _port(tail[1:], default)
    host, _, port = authority.partition(":")
    if not _HOST.fullmatch(host) or (_all_numbers(host) and not _is_ip(host, 4)):
        raise _invalid(
            "its host is missing or written wrongly",
            "Write it like rtsp://192.168.1.20:554/stream, and an @ in its path as %40.",
        )
    return host.lower(), _port(port, default)


def _port(text: str, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65536):
        raise _invalid("its port is not a number from 1 to 65535", "Write it like rtsp://192.168.1.20:554/stream.")
    return int(text)


def _is_host_and_port(authority: str) -> bool:
    """True if this is certainly a host: an IP address, or a name whose last label is no number, with or without a
    port."""
    found = re.fullmatch(r"(?:\[([^\]]*)\]|([^:]*))(?::\d{0,5})?", authority)
    if found is None:
        return False
    six, other = found[1] or "", found[2] or ""
    named = _HOST.fullmatch(other) is not None and other.rpartition(".")[2][:1].isalpha() and "." in other
    return named or _is_ip(six, 6) or _is_ip(other, 4)


def _all_numbers(host: str) -> bool:
    """Resolvers read `2130706433`, `0x7f.1` and `0177.0.0.1` as 127.0.0.1: only the four-part form is taken."""
    return all(re.fullmatch(r"0[xX][0-9A-Fa-f]*|[0-9]+", part) for part in host.rstrip(".").split("."))


def _is_ip(host: str, version: int) -> bool:
    try:
        return "%" not in host and ipaddress.ip_address(host).version == version
    except ValueError:
        return False


def _resolve(address: Address) -> list[IpAddress]:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise CameraAddressInvalidError(
            f"The host of {address} cannot be found.", remedy="Check its name and this machine's name service."
        ) from None
    return _in_order(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)


def _in_order(ips: Iterable[IpAddress]) -> list[IpAddress]:
    """The addresses without duplicates, IPv4 first: cameras that announce IPv6 often serve no stream there."""
    return sorted(dict.fromkeys(ips), key=lambda ip: ip.version)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _invalid(fault: str, remedy: str) -> CameraAddressInvalidError:
    return CameraAddressInvalidError(f"The camera's address cannot be used: {fault}.", remedy=remedy)
