"""What a serving process is told to do."""

import json
from dataclasses import asdict, dataclass, field
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to serve. mounts: name to file. login: (user name, password) that every viewer must give, if any.

    substreams: mount to the mount it shows a smaller picture of.
    """

    mounts: dict[str, str]
    host: str
    port: int
    login: tuple[str, str] | None = None
    substreams: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """One line, for the serving process's standard input."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Self:
        """The opposite of `to_json`."""
        fields = json.loads(line)
        login = fields.pop("login")
        return cls(login=tuple(login) if login else None, **fields)
