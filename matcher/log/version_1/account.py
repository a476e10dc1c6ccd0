"""What entries say of accounts: how they come and go, log in, and what they read of log and gallery."""

from typing import Any, Literal

from matcher.log.version_1.parts import Actor, Count, EntryPart, Time, Via


class Login(EntryPart):
    """Somebody logged in, or was refused. account: null for a name that nobody has. via: the session that began.

    second_factor: which one was shown beside the password, or that the password was right and the code was not.
    logged_in_at: when it was, of an administrator who came while nothing could be logged.
    """

    outcome: Literal["accepted", "refused"]
    account: str | None
    role: str | None = None
    second_factor: Literal["totp", "recovery_code", "wrong"] | None = None
    via: Via | None = None
    logged_in_at: Time | None = None


class Account(EntryPart):
    """An account or a token of it came or went."""

    action: Literal["created", "disabled", "token_issued", "token_revoked"]
    account: str
    actor: Actor
    role: str | None = None
    token: str | None = None
    via: Via | None = None


class Credential(EntryPart):
    """What an account proves itself by has changed: by its owner (password_changed, second_factor_enrolled), or by
    somebody else in its place (password_set, second_factor_reset)."""

    action: Literal["password_changed", "password_set", "second_factor_enrolled", "second_factor_reset"]
    account: str
    actor: Actor
    via: Via | None = None


class LogRead(EntryPart):
    """Somebody read the log. read: what they asked for."""

    actor: Actor
    role: str
    read: dict[str, Any]
    via: Via | None = None


class GalleryRead(EntryPart):
    """Somebody looked at enrolled people: the first look of an account, or all others in the minute after one.

    since: when the first of them was. names, reference_pictures, alert_pictures: how many were shown. subjects: whose,
    but for names in a list; more: there were more than are named here.
    """

    actor: Actor
    role: str
    since: Time
    names: Count
    reference_pictures: Count
    alert_pictures: Count
    subjects: list[str]
    more: Literal[True] | None = None
    via: Via | None = None
