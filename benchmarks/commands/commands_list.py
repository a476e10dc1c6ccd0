"""The commands that only read, as people run them beside a running service."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LOG, GALLERY = "log", "gallery"


@dataclass(frozen=True, kw_only=True)
class Command:
    """arguments: what follows `clearglass`. name: as the table has it. whole: what it reads completely, LOG or GALLERY;
    empty for most. answers: its exit statuses without an error.
    """

    name: str
    arguments: Sequence[str]
    whole: str = ""
    answers: Sequence[int] = (0,)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The arguments of the commands. request: a search's entry in the log. outside: a folder for their files."""

    data: Path
    subject_id: str
    request: int
    receipt: Path
    verifier_key: str
    outside: Path


def reading_commands(asked: Asked) -> Sequence[Command]:
    """All commands; each may be run repeatedly."""
    return [
        Command(name="--version", arguments=["--version"]),
        Command(name="--help", arguments=["--help"]),
        _on(asked, "account list"),
        _on(asked, "camera list"),
        _on(asked, "subject list"),
        _on(asked, "subject show", asked.subject_id),
        _on(asked, "thresholds"),
        _on(asked, "audit show"),
        _on(asked, "audit key"),
        Command(name="audit schema", arguments=["audit", "schema"]),
        Command(name="audit check", arguments=["audit", "check", str(asked.receipt), "--key", asked.verifier_key]),
        _on(asked, "audit replay", str(asked.request), whole=GALLERY),
        _on(asked, "audit groups", str(asked.outside / "groups.json")),
        _on(asked, "audit live", whole=LOG, answers=(0, 3)),
        _on(asked, "audit verify", whole=LOG),
        _on(asked, "audit export", str(asked.outside / "export"), whole=LOG),
        # Another status than 0 is about this machine.
        _on(asked, "doctor", answers=(0, 1)),
    ]


def _on(asked: Asked, name: str, *arguments: str, whole: str = "", answers: Sequence[int] = (0,)) -> Command:
    """A command on the data folder."""
    words = [*name.split(), *arguments, "--data", str(asked.data)]
    return Command(name=name, arguments=words, whole=whole, answers=answers)
