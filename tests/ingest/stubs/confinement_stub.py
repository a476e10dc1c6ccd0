"""What a hostile stream would try once it runs code in a worker, and how each attempt ends."""

import errno
import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

REFUSED = {errno.EACCES, errno.EPERM}


def refused(attempt: Callable[[], object]) -> bool:
    """True if the kernel refused it for a missing permission; False if it worked or failed for another reason."""
    try:
        attempt()
    except OSError as error:
        return error.errno in REFUSED
    return False


def connects(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=5.0).close()


def connects_fast(port: int) -> None:
    """TCP Fast Open: a connection without connect(2)."""
    with socket.socket() as client:
        client.sendto(b"x", 0x20000000, ("127.0.0.1", port))


def makes_socket(family: int, kind: int, protocol: int = 0) -> None:
    socket.socket(family, kind, protocol).close()


def listens() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()


Attempt = Callable[[Path, int], object]


def forks() -> None:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)


ATTEMPTS: dict[str, Attempt] = {
    "read the data folder": lambda data, port: data.read_bytes(),
    "list the data folder": lambda data, port: sorted(data.parent.iterdir()),
    "write to the data folder": lambda data, port: (data.parent / "new").write_bytes(b""),
    "open the data folder to others": lambda data, port: data.chmod(0o600),
    "cut a file of the data folder short": lambda data, port: os.truncate(data, data.stat().st_size),
    "remove a file": lambda data, port: (data.parent / "new").unlink(),
    "write elsewhere": lambda data, port: (data.parent.parent / "new").write_bytes(b""),
    "read /etc/passwd": lambda data, port: Path("/etc/passwd").read_bytes(),
    "read another process": lambda data, port: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "connect elsewhere": lambda data, port: connects(port),
    "connect elsewhere without connect(2)": lambda data, port: connects_fast(port),
    "listen": lambda data, port: listens(),
    "udp": lambda data, port: makes_socket(socket.AF_INET, socket.SOCK_DGRAM),
    "udp, not blocking": lambda data, port: makes_socket(
        socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    ),
    "raw": lambda data, port: makes_socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "unix": lambda data, port: makes_socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "netlink": lambda data, port: makes_socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "multipath tcp": lambda data, port: makes_socket(socket.AF_INET, socket.SOCK_STREAM, 262),
    "slow the service down": lambda data, port: os.setpriority(os.PRIO_PROCESS, os.getppid(), 1),
    "signal the service": lambda data, port: os.kill(os.getppid(), 0),
    "leave a child behind": lambda data, port: forks(),
    "run a program": lambda data, port: os.execv("/bin/true", ["true"]),
}


def attempts(*, forbidden: Path, port: int) -> dict[str, bool]:
    """True for each that was refused. forbidden: a file of the data folder. port: one with a listener."""
    return {name: refused(partial(attempt, forbidden, port)) for name, attempt in ATTEMPTS.items()}
