"""Names of accounts: checks that they are valid, and that they do not look like another account's."""

import unicodedata
from collections.abc import Iterable
from typing import ClassVar

from matcher.errors import ClearglassError

MAX_NAME = 100


class AccountInvalidError(ClearglassError):
    """The account's name is invalid."""

    code: ClassVar[str] = "account_invalid"


class LookAlikeError(ClearglassError):
    """The name looks like that of another account."""

    code: ClassVar[str] = "account_look_alike"


def fit_name(name: str) -> str:
    """The name as it is stored. Raises: AccountInvalidError."""
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise AccountInvalidError(
            f"An account's name must be 1 to {MAX_NAME} printable characters.", remedy="Give another name."
        )
    return name


def require_distinct(name: str, others: Iterable[str]) -> None:
    """Raises: LookAlikeError if the name looks like one of the other names."""
    looks = _looks(name)
    for other in others:
        if other != name and any(one == its for one, its in zip(looks, _looks(other), strict=True)):
            raise LookAlikeError(
                f"The name {name!r} can be taken for that of the account {other!r}.",
                remedy="Choose a name that differs in more than case or in letters that look the same.",
            )


def _looks(name: str) -> tuple[str, str]:
    """The skeleton of a name: names that look alike have the same, by Unicode's table of confusables (UTS #39, 4).
    Computed with the case folded before and after: `I` looks like `l` only as a capital, `m` like `rn` only as a small
    letter.
    """
    plain = " ".join(unicodedata.normalize("NFKC", name).split())
    return _skeleton(plain.casefold()), _skeleton(plain).casefold()


def _skeleton(text: str) -> str:
    once = "".join(_prototype(letter) for letter in unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFD", once)


def _prototype(letter: str) -> str:
    """The prototype of this letter and all that look like it. The package lists each prototype's sources under it, and
    the prototype under each source."""
    from confusable_homoglyphs.confusables import confusables_data

    alike = [entry["c"] for entry in confusables_data.get(letter, ())]
    if len(alike) != 1:
        return letter
    [other] = alike
    return str(other) if len(confusables_data.get(other, ())) > 1 else min(letter, other)
