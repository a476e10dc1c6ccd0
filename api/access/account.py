"""An account, its tokens and its sessions; and the principal: the account and session or token of a request."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from api.permission import EMERGENCY, PERMISSIONS, Permission, Role
from matcher.log.actor import Actor


class Duty(StrEnum):
    """A step that an account must complete after login before any other."""

    PASSWORD = "password"  # noqa: S105 - which duty, not a secret
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account for login. The audit log contains its `id` (`user:<id>`), never its name. must_change: true if the
    password must be changed at the next login, because another person set it. second_factor: true if a login needs a
    code as well.
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
        """The account's actor in the audit log."""
        return f"user:{self.id}"


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token with which a program authenticates. Only the SHA-256 of its secret is stored."""

    id: str
    account_id: str
    name: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class IssuedToken:
    """A new token with its secret, which is never shown again."""

    token: Token
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The authenticated origin of a request. via: `session:<id>`, `token:<id>`, or `cli` for a command on this machine.

    csrf: the session's, or None where there is none. used_at: when a person last used the session. duty: the step that
    the session must complete first; see `due`. emergency: as of the session. command: true if the request is a
    command's, by the socket.
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
        """The principal's actor in the audit log."""
        return Actor(self.account.actor, via=self.via)

    @property
    def session_id(self) -> str:
        """The session's id; only for a principal with a session."""
        return self.via.removeprefix("session:")

    @property
    def role(self) -> Role:
        """The account's role."""
        return self.account.role

    @property
    def due(self) -> Duty | None:
        """The duty to complete first. None in an emergency session, in which it could not be logged."""
        return None if self.emergency else self.duty

    @property
    def permissions(self) -> frozenset[Permission]:
        """The role's permissions; in an emergency session the subset of them that it allows. With a duty it may not
        resume the log: an account whose password others know, or which lacks its second factor, may only read."""
        held = PERMISSIONS[self.role]
        if not self.emergency:
            return held
        return held & (EMERGENCY if self.duty is None else EMERGENCY - {Permission.LOG_RESUME})

    def may(self, permission: Permission) -> bool:
        """True if the principal holds this permission."""
        return permission in self.permissions


@dataclass(frozen=True, kw_only=True)
class Session:
    """A browser's session. `secret` goes into an HttpOnly cookie; `csrf` into the header of every write. device: the
    value of the cookie by which later logins recognise the browser's device. emergency: true if it began while the log
    could not be written; then it is limited to the permissions in EMERGENCY.
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
        """The principal of the session."""
        return Principal(
            account=self.account,
            via=f"session:{self.id}",
            csrf=self.csrf,
            duty=self.duty,
            emergency=self.emergency,
        )
