"""The witness policy: the cosignatures that a checkpoint needs before it is accepted or published (C2SP
tlog-policy)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from matcher.tlog.cosignature import CosignatureVerifier
from matcher.tlog.errors import NoteError, PolicyError
from matcher.tlog.note import open_note

_NOBODY = "none"


@dataclass(frozen=True, kw_only=True)
class KnownWitness:
    """A witness by its name in the policy. address: its URL; None if it is not asked and only its key is known."""

    name: str
    verifier: CosignatureVerifier
    address: str | None = None


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group whose quorum is met by `least` of its members, which are names of witnesses or groups."""

    least: int
    members: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """witnesses, groups: by name, which they share. quorum: the name whose cosignatures are needed; None if none are.
    Log lines are ignored: the caller knows the log.
    """

    witnesses: Mapping[str, KnownWitness] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The policy of that text. Raises PolicyError, which names the line."""
        reader = _Reader()
        for number, line in enumerate(text.split("\n"), start=1):
            words = line.replace("\t", " ").split(" ")
            words = [word for word in words if word]
            if not words or words[0].startswith("#"):
                continue
            try:
                reader.read(words)
            except ValueError as error:
                raise PolicyError(f"line {number}: {error}") from error
        if reader.quorum is None:
            raise PolicyError("it has no quorum line")
        quorum = None if reader.quorum == _NOBODY else reader.quorum
        return cls(witnesses=reader.witnesses, groups=reader.groups, quorum=quorum)

    def satisfied(self, cosigned: Collection[str]) -> bool:
        """True if the cosignatures of the witnesses with these names meet the quorum."""
        return self.quorum is None or self._speaks(self.quorum, cosigned)

    def cosigned(self, note: str) -> set[str]:
        """The names, in the policy, of the witnesses whose cosignatures stand below a note."""
        return {name for name, witness in self.witnesses.items() if _signed(note, witness.verifier)}

    def _speaks(self, name: str, cosigned: Collection[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in cosigned
        return sum(self._speaks(member, cosigned) for member in group.members) >= group.least


def _signed(note: str, verifier: CosignatureVerifier) -> bool:
    try:
        open_note(note, [verifier])
    except NoteError:
        return False
    return True


def read_policy(path: Path | None) -> Policy:
    """The policy in a file; without a file, the policy that needs no cosignature. Raises PolicyError."""
    if path is None:
        return Policy()
    try:
        return Policy.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path} cannot be read") from error


class _Reader:
    """Parses a policy line by line."""

    def __init__(self) -> None:
        self.witnesses: dict[str, KnownWitness] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._grouped: set[str] = set()

    def read(self, words: list[str]) -> None:
        """Adds a line. Raises ValueError with what is wrong with it."""
        kind, *rest = words
        readers: dict[str, tuple[Callable[[list[str]], None], int, int]] = {
            "log": (lambda _: None, 1, 2),
            "witness": (self._witness, 2, 3),
            "group": (self._group, 3, 10_000),
            "quorum": (self._quorum, 1, 1),
        }
        if kind not in readers:
            raise ValueError(f"{kind!r} is none of log, witness, group, quorum")
        reader, least, most = readers[kind]
        if not least <= len(rest) <= most:
            raise ValueError(f"a {kind} line has other parts")
        reader(rest)

    def _witness(self, parts: list[str]) -> None:
        name = self._new(parts[0])
        try:
            verifier = CosignatureVerifier.parse(parts[1])
        except NoteError as error:
            raise ValueError(error.message) from error
        if any(known.verifier.public == verifier.public for known in self.witnesses.values()):
            raise ValueError("the same witness's key once more")
        self.witnesses[name] = KnownWitness(name=name, verifier=verifier, address=parts[2] if parts[2:] else None)

    def _group(self, parts: list[str]) -> None:
        name, least, *members = parts
        self._new(name)
        for member in members:
            self._known(member)
            if member in self._grouped:
                raise ValueError(f"{member!r} is a member already")
            self._grouped.add(member)
        numbers = {"all": len(members), "any": 1}
        count = numbers.get(least) or (int(least) if least.isascii() and least.isdecimal() else 0)
        if not 1 <= count <= len(members):
            raise ValueError(f"{least!r} of {len(members)} members")
        self.groups[name] = Group(least=count, members=tuple(members))

    def _quorum(self, parts: list[str]) -> None:
        if self.quorum is not None:
            raise ValueError("a second quorum")
        if parts[0] != _NOBODY:
            self._known(parts[0])
        self.quorum = parts[0]

    def _new(self, name: str) -> str:
        if name == _NOBODY or name in self.witnesses or name in self.groups:
            raise ValueError(f"the name {name!r} is taken")
        return name

    def _known(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise ValueError(f"{name!r} is not named on a line before")
