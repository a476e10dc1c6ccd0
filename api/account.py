"""An account, its tokens and its sessions; and the principal: who a request comes from."""

from dataclasses import dataclass, field
from datetime import datetime

from api.permission import EMERGENCY, PERMISSIONS, Permission, Role


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
class Principal:
    """Who a request comes from. csrf: the session's, or None where a token authenticated the request. emergency: as
    of the session."""

    account: Account
    csrf: str | None = field(default=None, repr=False)
    emergency: bool = False

    @property
    def actor(self) -> str:
        """How the audit log speaks of this principal."""
        return self.account.actor

    @property
    def role(self) -> Role:
        """The account's role."""
        return self.account.role

    @property
    def permissions(self) -> frozenset[Permission]:
        """The role's; of an emergency session those that it leaves."""
        held = PERMISSIONS[self.role]
        return held & EMERGENCY if self.emergency else held

    def may(self, permission: Permission) -> bool:
        """Whether the principal holds this permission."""
        return permission in self.permissions


@dataclass(frozen=True, kw_only=True)
class Session:
    """A browser's way in. `secret` goes into an HttpOnly cookie; `csrf` into the header of every write.

    emergency: begun while nothing could be logged; it may do no more than EMERGENCY says.
    """

    account: Account
    secret: str = field(repr=False)
    csrf: str = field(repr=False)
    expires_at: datetime
    emergency: bool = False

    @property
    def principal(self) -> Principal:
        """Who uses it."""
        return Principal(account=self.account, csrf=self.csrf, emergency=self.emergency)
