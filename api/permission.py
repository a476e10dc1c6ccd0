"""Roles and their permissions, in one table. Every route names the permission that it needs."""

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar

from matcher.errors import ClearglassError


class Role(StrEnum):
    """The role of an account; an account has one."""

    OPERATOR = "operator"
    AUDITOR = "auditor"
    RESEARCHER = "researcher"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """The permissions that routes need. No route needs NAMES: without it, names are left out of answers."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    CAMERAS_READ = "cameras_read"
    CAMERAS_WRITE = "cameras_write"
    LIVE = "live"
    SUBJECTS_READ = "subjects_read"
    SUBJECTS_WRITE = "subjects_write"
    NAMES = "names"
    PICTURES = "pictures"
    COMPARE = "compare"
    SEARCH = "search"
    ALERTS_READ = "alerts_read"
    REVIEW = "review"
    LOG_READ = "log_read"
    LOG_VERIFY = "log_verify"
    LOG_RESUME = "log_resume"
    METRICS = "metrics"
    ACCOUNTS = "accounts"


_EVERYBODY = frozenset({Permission.PUBLIC, Permission.SIGNED_IN, Permission.LOG_VERIFY})

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.OPERATOR: _EVERYBODY
    | {
        Permission.CAMERAS_READ,
        Permission.CAMERAS_WRITE,
        Permission.LIVE,
        Permission.SUBJECTS_READ,
        Permission.SUBJECTS_WRITE,
        Permission.NAMES,
        Permission.PICTURES,
        Permission.COMPARE,
        Permission.SEARCH,
        Permission.ALERTS_READ,
        Permission.REVIEW,
    },
    # May check that the rules were kept; sees no person's name or face.
    Role.AUDITOR: _EVERYBODY
    | {
        Permission.CAMERAS_READ,
        Permission.SUBJECTS_READ,
        Permission.ALERTS_READ,
        Permission.LOG_READ,
        Permission.METRICS,
    },
    # May compare pictures of their own, without access to the gallery.
    Role.RESEARCHER: _EVERYBODY | {Permission.COMPARE, Permission.METRICS},
    # May not review: a reader of the log could know the first verdict before giving the second.
    Role.ADMINISTRATOR: frozenset(Permission) - {Permission.REVIEW},
}


EMERGENCY = frozenset(
    {
        Permission.PUBLIC,
        Permission.SIGNED_IN,
        Permission.CAMERAS_READ,
        Permission.LOG_VERIFY,
        Permission.LOG_RESUME,
        Permission.METRICS,
    }
)
"""The permissions of an administrator whose login could not be logged: to see what is wrong, and no person's name or
face."""


class EmergencySessionError(ClearglassError):
    """The session began while the log could not be written, and may only see what is wrong."""

    code: ClassVar[str] = "emergency_session"

    def __init__(self) -> None:
        super().__init__(
            "You logged in while nothing could be logged, so this session only shows what is wrong.",
            remedy="Mend what /health and the head of every page name; then the session becomes a full one by itself.",
        )


class PermissionDeniedError(ClearglassError):
    """The account's role does not allow this."""

    code: ClassVar[str] = "permission_denied"

    def __init__(self, role: Role, permission: Permission) -> None:
        allowed = ", ".join(role for role, held in PERMISSIONS.items() if permission in held)
        super().__init__(
            f"The role {role} may not do this: it takes the permission {permission}.",
            remedy=f"Ask somebody with one of these roles: {allowed}.",
        )
