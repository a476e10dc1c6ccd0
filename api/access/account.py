"""An account, its tokens and its sessions; and the principal: who a request comes from."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from api.permission import EMERGENCY, PERMISSIONS, Permission, Role
from matcher.log.actor import Actor


class Duty(StrEnum):
    """What somebody who has logged in must do before anything else."""

    PASSWORD = "password"  # noqa: S105 - which duty, not a secret
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody who may log in. `id` is what the audit log holds (`user:<id>`), never the name.

    must_change: whether the password must be changed at the next login, since somebody else set it. second_factor:
    whether a login takes a code as well.
    """

    id: str
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = None
    must_change: bool = False
    second_factor: bool = False

    @property
    def actor(self) -> str:
        """How the audit log speaks of this account."""
        return f"user:{self.id}"


@dataclass(frozen=True, kw_only=True)
class Token:
    """A program's way in. Of its secret only the SHA-256 is kept."""

    id: str
    account_id: str
    name: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class IssuedToken:
    """A token the moment it is made: the one time its secret is seen."""

    token: Token
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who a request comes from. via: `session:<id>`, `token:<id>`, or `cli` for a command on this machine.

    csrf: the session's, or None where there is none. used_at: when a person last used the session. duty: what the
    session is for before anything else; see `due`. emergency: as of the session. command: whether a command asks, by
    the socket.
    """

    account: Account
    via: str
    csrf: str | None = field(default=None, repr=False)
    used_at: datetime | None = None
    duty: Duty | None = None
    emergency: bool = False
    command: bool = False

    @property
    def actor(self) -> Actor:
        """How the audit log speaks of this principal."""
        return Actor(self.account.actor, via=self.via)

    @property
    def session_id(self) -> str:
        """Of a principal with a session."""
        return self.via.removeprefix("session:")

    @property
    def role(self) -> Role:
        """The account's role."""
        return self.account.role

    @property
    def due(self) -> Duty | None:
        """The duty that comes before anything else. In an emergency session none does: it could not be logged now."""
        return None if self.emergency else self.duty

    @property
    def permissions(self) -> frozenset[Permission]:
        """The role's; of an emergency session those that it leaves. With a duty it may not let the log go on: an
        account whose password others know, or which lacks its second factor, only looks."""
        held = PERMISSIONS[self.role]
        if not self.emergency:
            return held
        return held & (EMERGENCY if self.duty is None else EMERGENCY - {Permission.LOG_RESUME})

    def may(self, permission: Permission) -> bool:
        """Whether the principal holds this permission."""
        return permission in self.permissions


@dataclass(frozen=True, kw_only=True)
class Session:
    """A browser's way in. `secret` goes into an HttpOnly cookie; `csrf` into the header of every write.

    device: what the browser's device is known by at later logins, for a cookie too. emergency: begun while nothing
    could be logged; it may do no more than EMERGENCY says.
    """

    account: Account
    id: str
    secret: str = field(repr=False)
    csrf: str = field(repr=False)
    device: str = field(repr=False)
    expires_at: datetime
    duty: Duty | None = None
    emergency: bool = False

    @property
    def principal(self) -> Principal:
        """Who uses it."""
        return Principal(
            account=self.account,
            via=f"session:{self.id}",
            csrf=self.csrf,
            duty=self.duty,
            emergency=self.emergency,
        )
