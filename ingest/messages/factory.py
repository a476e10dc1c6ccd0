"""Names the callable by which another process makes a recogniser, since the callable itself cannot be sent."""

import pkgutil
from pathlib import Path
from typing import Annotated, Any

import msgspec

from matcher.recognition.recogniser import Recogniser


class Factory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names a callable, and the keyword arguments to call it with.

    name: "module:name", such as "matcher.recognition.networks.pipeline:load_recogniser". arguments: plain values only.
    """

    name: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[\w.]+:[\w.]+$")]
    arguments: dict[str, bool | int | float | str | None] = {}

    def __call__(self) -> Recogniser:
        """Imports the module and calls the callable. Raises what either raises."""
        make: Any = pkgutil.resolve_name(self.name)
        made: Recogniser = make(**self.arguments)
        return made


_LOAD = "matcher.recognition.networks.pipeline:load_recogniser"

RECOGNISING = Factory(name=_LOAD, arguments={"eager": True})
"""Loads every part of the default model: for a camera's worker."""


DETECTING = Factory(name=_LOAD, arguments={"embedders": False})
"""Finds and judges faces, and makes no templates: for a check."""


def recognising(*, embedders: Path | None, fusion: str | None) -> Factory:
    """As RECOGNISING, for the model that these settings choose (`FaceModel.chosen`)."""
    if fusion is None:
        return RECOGNISING
    place = None if embedders is None else str(embedders.absolute())
    return Factory(
        name="matcher.recognition.networks.pipeline:load_chosen", arguments={"embedders": place, "fusion": fusion}
    )
