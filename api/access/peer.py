"""The process at the other end of a Unix socket: a command on this machine."""

import os
import socket
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from api.access.account import Account, Principal
from api.permission import Role
from matcher.log.actor import Actor

VIA: Final = "cli"
"""The `via` of a command in the log."""

_CREDENTIALS: Final = struct.Struct("3i")
"""Process, user, group (Linux, unix(7), SO_PEERCRED)."""


@dataclass(frozen=True, kw_only=True)
class MachineUser(Account):
    """A user who may read the data folder, and with it the keys: no account is needed."""

    @property
    def actor(self) -> str:
        """The user's actor in the audit log."""
        return f"cli:{self.name}"


@dataclass(frozen=True, kw_only=True)
class Peer:
    """user: the number of the user that the process runs as, from the kernel."""

    user: int

    @property
    def principal(self) -> Principal | None:
        """The peer's principal: an administrator; None for a user that may not read the data folder."""
        if self.user not in {os.getuid(), 0}:
            return None
        name = _user_name(self.user)
        since = datetime.fromtimestamp(0, UTC)
        account = MachineUser(id=f"cli:{name}", name=name, role=Role.ADMINISTRATOR, created_at=since)
        return Principal(account=account, via=VIA, command=True)


def peer_of(connection: socket.socket) -> Peer | None:
    """The process that is connected; None unless by a Unix socket."""
    if connection.family != socket.AF_UNIX:
        return None
    if not hasattr(socket, "SO_PEERCRED"):  # the socket's permissions admit only this user
        return Peer(user=os.getuid())
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(credentials)
    return Peer(user=user)


def own_actor() -> Actor:
    """The actor in the log: the user that this process runs as; environment variables do not count."""
    return Actor(f"cli:{_user_name(os.getuid())}", via=VIA)


def _user_name(user: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:  # a container may run as a number that no user has
        return str(user)
