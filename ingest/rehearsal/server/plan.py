"""The task of a serving process."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from ingest.rehearsal.server.certificate import ServerCertificate


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The films to serve. mounts: name to file. login: (user name, password) that every viewer must give, if any.

    substreams: mount to the mount it shows a smaller picture of. certificate: for RTSP over TLS.
    """

    mounts: dict[str, str]
    host: str
    port: int
    login: tuple[str, str] | None = None
    substreams: dict[str, str] = field(default_factory=dict)
    certificate: ServerCertificate | None = None

    def to_json(self) -> str:
        """One line, for the serving process's standard input."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, line: str) -> Self:
        """The opposite of `to_json`."""
        fields = json.loads(line)
        login = fields.pop("login")
        certificate = fields.pop("certificate")
        return cls(
            login=tuple(login) if login else None,
            certificate=ServerCertificate(**{name: Path(file) for name, file in certificate.items()})
            if certificate
            else None,
            **fields,
        )
