"""What the entries share: the texts and numbers in them, and how strictly all of them are read."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Time = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$",
        description="UTC, ISO 8601, with microseconds.",
    ),
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Index = Annotated[Count, Field(description="Of an entry of this log.")]
Actor = Annotated[str, Field(description="Who did it: user:<id>, camera:<id>, or a command's name.")]
Via = Annotated[
    str,
    Field(
        pattern=r"^(cli|(session|token):[0-9a-f-]+)$",
        description="How the actor came in: by which session or token, or by a command on the data folder.",
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=200)]


ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM.")]
TimeZone = Annotated[str, Field(min_length=1, max_length=100, description="An IANA name, such as Europe/Berlin.")]


class EntryPart(BaseModel):
    """An entry, its body, or something in it: nothing is converted, and no field may be there that is not named."""

    # Built when the first entry is checked, not when the module is read.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, protected_namespaces=(), defer_build=True)


class Point(EntryPart):
    """How strict a search is. threshold: the greatest dissimilarity that counts as mated."""

    name: str
    threshold: float
