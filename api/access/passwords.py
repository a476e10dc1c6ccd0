"""Passwords: checked as NIST SP 800-63B requires, hashed by Argon2id (RFC 9106, low memory)."""

from dataclasses import dataclass
from typing import ClassVar

from api.slots import Slots
from matcher.errors import ClearglassError

MIN_LENGTH = 15
"""The least number of characters: NIST SP 800-63B-4, 3.1.1.2, for a password that may be the only factor."""
MAX_LENGTH = 256
_PRODUCT = "clearglass"
_OTHERS = 8
"""The least number of characters besides the account's name and the product's."""
_NAME_FROM = 3
"""A shorter account name occurs in many good passwords by chance."""
_SCORE = 3
"""zxcvbn's, 0 to 4: more than 10^8 guesses by somebody who knows its lists of common passwords, words and patterns."""
_JUDGED = 40
"""The most characters that zxcvbn judges; further ones make no password weaker."""
_STAND_INS = frozenset("@({[<!|$+%")
_MOST_STAND_INS = 4
"""zxcvbn tries every way to read digits and signs as letters (`@` as `a`), and takes minutes where all of these signs
are in one password. It judges this many different ones; any other is replaced by a sign that zxcvbn reads as no
letter."""

# One hash takes 64 MiB: many simultaneous logins must not use up the machine's memory.
HASHING = Slots("logins", at_once=2, seconds=2.0)


@dataclass(frozen=True, kw_only=True)
class HashCost:
    """What one Argon2id hash takes. A hash names its own cost, so those of another cost still verify."""

    passes: int
    memory_kib: int
    lanes: int


FULL_COST = HashCost(passes=3, memory_kib=65_536, lanes=4)
"""RFC 9106's second recommended option, for little memory."""


class WeakPasswordError(ClearglassError):
    """The password offered for an account is not acceptable."""

    code: ClassVar[str] = "weak_password"


def require_strong(password: str, *, name: str) -> None:
    """name: the account's. Raises: WeakPasswordError."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise WeakPasswordError(
            f"The password has {len(password)} characters.",
            remedy=f"Choose one of {MIN_LENGTH} to {MAX_LENGTH} characters; several words make a good one.",
        )
    if len(_without_names(password.casefold(), name.casefold())) < _OTHERS:
        raise WeakPasswordError(
            "The password is little more than the account's name or the name of this product.",
            remedy="Choose one that has nothing to do with either; several words make a good one.",
        )
    if _is_common(password, name):
        raise WeakPasswordError(
            "The password is a common one, or is made of common ones: it would be among the first to be guessed.",
            remedy="Choose several words that do not belong together.",
        )


def _without_names(password: str, name: str) -> str:
    for one in (name, _PRODUCT):
        if len(one) >= _NAME_FROM:
            password = password.replace(one, "")
    return password


def _is_common(password: str, name: str) -> bool:
    from zxcvbn import zxcvbn

    return bool(zxcvbn(_shown(password), user_inputs=[name, _PRODUCT])["score"] < _SCORE)


def _shown(password: str) -> str:
    """The part of the password that zxcvbn judges, which bounds the time for any password."""
    password = password[:_JUDGED]
    different = dict.fromkeys(sign for sign in password if sign in _STAND_INS)
    too_many = list(different)[_MOST_STAND_INS:]
    return password.translate(dict.fromkeys(map(ord, too_many), "~"))


def hash_password(password: str, cost: HashCost) -> str:
    """The PHC string to store. Raises: BusyError."""
    from argon2 import PasswordHasher

    hasher = PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes)
    with HASHING.taken():
        return hasher.hash(password)


def password_matches(kept: str, password: str) -> bool:
    """True if `kept` is the hash of this password, in constant time. Raises: BusyError."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(password) > MAX_LENGTH:
        return False
    with HASHING.taken():
        try:
            return PasswordHasher().verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False


def decoy_hash(cost: HashCost) -> str:
    """A hash that no password matches, for unknown names, so that such a login takes the same time."""
    import secrets

    return hash_password(secrets.token_urlsafe(32), cost)
