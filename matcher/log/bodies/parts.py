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
Salt = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="128 random bits, as hex.")]
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
TimeZone = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$",
        max_length=64,
        description="A name of the IANA time zone database, such as Europe/Vienna.",
    ),
]
RecogniserName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Scores = Annotated[
    dict[RecogniserName, float],
    Field(min_length=1, description="The dissimilarity by each recogniser, by its name; lower is closer."),
]
Fusion = Annotated[
    dict[RecogniserName, Annotated[float, Field(gt=0)]],
    Field(min_length=1, description="The weight of each recogniser in a dissimilarity, by its name."),
]
Normalised = Annotated[
    float | None,
    Field(description="The dissimilarity on a scale that recognisers share; null or missing where there is none."),
]


class EntryPart(BaseModel):
    """An entry, its body, or something in it: nothing is converted, and no field may be there that is not named."""

    # Built when the first entry is checked, not when the module is read.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, protected_namespaces=(), defer_build=True)


class Point(EntryPart):
    """How strict a search is. threshold: the greatest dissimilarity that counts as mated."""

    name: str
    threshold: float
