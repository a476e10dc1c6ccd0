"""Passwords: hashed by Argon2id with argon2-cffi's defaults (RFC 9106, low-memory profile)."""

from typing import ClassVar

from api.slots import Slots
from matcher.errors import ClearglassError

MIN_LENGTH = 10
MAX_LENGTH = 256

# One hash takes 64 MiB: a crowd at the login must not take the machine's memory.
_HASHING = Slots("logins", at_once=2, seconds=2.0)


class WeakPasswordError(ClearglassError):
    """The password offered for an account is not acceptable."""

    code: ClassVar[str] = "weak_password"


def hash_password(password: str) -> str:
    """The PHC string to keep. Raises: WeakPasswordError for one too short or too long, BusyError."""
    from argon2 import PasswordHasher

    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise WeakPasswordError(
            f"The password has {len(password)} characters.",
            remedy=f"Choose one of {MIN_LENGTH} to {MAX_LENGTH} characters; several words make a good one.",
        )
    with _HASHING.taken():
        return PasswordHasher().hash(password)


def password_matches(kept: str, password: str) -> bool:
    """Whether the password is the one `kept` was made from, in time that does not tell. Raises: BusyError."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(password) > MAX_LENGTH:
        return False
    with _HASHING.taken():
        try:
            return PasswordHasher().verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False


def decoy_hash() -> str:
    """A hash no password fits, to be verified against for a name nobody has: that login takes as long."""
    import secrets

    return hash_password(secrets.token_urlsafe(32))
