"""An account, its tokens and its sessions; and the principal: who a request comes from."""

from dataclasses import dataclass, field
from datetime import datetime

from api.permission import PERMISSIONS, Permission, Role


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody who may log in. `id` is what the audit log holds (`user:<id>`), never the name."""

    id: str
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = None

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
class Session:
    """A browser's way in. `secret` goes into an HttpOnly cookie; `csrf` into the header of every write."""

    account: Account
    secret: str = field(repr=False)
    csrf: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who a request comes from. csrf: the session's, or None where a token authenticated the request."""

    account: Account
    csrf: str | None = field(default=None, repr=False)

    @property
    def actor(self) -> str:
        """How the audit log speaks of this principal."""
        return self.account.actor

    @property
    def role(self) -> Role:
        """The account's role."""
        return self.account.role

    def may(self, permission: Permission) -> bool:
        """Whether the role holds this permission."""
        return permission in PERMISSIONS[self.role]
