"""The model that makes and compares templates: its embedders, how they are fused, and the digest that names it."""

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

from matcher.errors import ClearglassError
from matcher.recognition.embedder_entry import EmbedderEntry, read_entries
from matcher.recognition.fusion import Fusion
from matcher.recognition.registry import BUILT_IN, DEFAULT_FUSION, STEPS_VERSION, YUNET


class FusionSettingError(ClearglassError):
    """The fusion that is set names no embedder, or one that is not registered, or a weight that is none."""

    code: ClassVar[str] = "fusion_setting"


@dataclass(frozen=True, kw_only=True)
class FaceModel:
    """What decides how far apart two faces are. entries: of those embedders of the fusion that are not built in."""

    fusion: Fusion = DEFAULT_FUSION
    entries: tuple[EmbedderEntry, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 over the weights' own digests and the version of the steps between them; not over the fusion's
        weights, which change no template."""
        entries = {entry.name: entry for entry in self.entries}
        parts = [f"clearglass-recognition/{STEPS_VERSION}", f"{YUNET.name} {YUNET.sha256}"]
        for name in self.fusion.dimensions:
            if name in entries:
                parts.append(f"{name} {entries[name].digest}")
            else:
                parts += [f"{file.name} {file.sha256}" for file in BUILT_IN[name].files]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @classmethod
    def chosen(cls, embedders: Path | None = None, fusion: str | None = None) -> Self:
        """The model that the settings choose.

        embedders: a file of entries (`read_entries`). fusion: embedders with their weights, the searched one first,
        such as "arcface-r50=1,dlib=0.5"; None is the default. Raises EmbedderEntryError, FusionSettingError.
        """
        if fusion is None:
            return cls()
        entries = {entry.name: entry for entry in (() if embedders is None else read_entries(embedders))}
        parts = []
        for name, weight in _weights(fusion).items():
            if name in entries:
                parts.append(entries[name].part(weight=weight))
            elif name in BUILT_IN:
                parts.append(BUILT_IN[name].part(weight=weight))
            else:
                raise _refused(fusion, f"{name} is no embedder", f"Choose among {', '.join([*BUILT_IN, *entries])}.")
        try:
            made = Fusion(parts=tuple(parts))
        except ValueError as error:
            raise _refused(fusion, str(error), _REMEDY) from error
        return cls(fusion=made, entries=tuple(entries[name] for name in made.dimensions if name in entries))


_REMEDY = "Give embedders with their weights, the one to search by first: sface=1,dlib=0.5."


def _weights(fusion: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in fusion.split(","):
        name, _, number = (text.strip() for text in part.partition("="))
        try:
            weight = float(number)
        except ValueError as error:
            raise _refused(fusion, f"{part.strip()!r} is no embedder with a weight", _REMEDY) from error
        if not math.isfinite(weight) or name in found:
            raise _refused(fusion, f"{part.strip()!r} has no finite weight, or is there twice", _REMEDY)
        found[name] = weight
    return found


def _refused(fusion: str, why: str, remedy: str) -> FusionSettingError:
    return FusionSettingError(f"The fusion {fusion!r} cannot be used: {why}.", remedy=remedy)
