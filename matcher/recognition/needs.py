"""What a face must be like for the model to know it again, as it was measured: what a camera is judged by."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from matcher.errors import ClearglassError
from matcher.recognition.face_model import FaceModel

NEEDS = "needs.json"
"""The file beside this one that `python -m benchmarks degradation` writes."""


class NeedsError(ClearglassError):
    """The measured needs are missing or unreadable."""

    code: ClassVar[str] = "needs"


@dataclass(frozen=True, kw_only=True)
class Need:
    """One quantity of a face, and how far it may go.

    unit: of both values. holds: the last level at which the false non-match rate was at most `Needs.most_fnmr`. fails:
    the first at which it was more; None: no level measured was that bad. limit: between the two, where a straight line
    between them reaches that rate; `holds` where there is no such line.
    mated: pairs behind each level, the fewest of them.
    """

    unit: str
    holds: float
    limit: float
    fails: float | None
    mated: int


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What was measured, and with what. quantities: by name, see `benchmarks.degradation.degradation`.

    fnmr: of the pictures as they are. most_fnmr: the most that a camera may miss for any one reason.
    nods: pairs of a made nod and the middle of what was measured of it (`ingest.analysis.close_look.nod`), in degrees,
    rising; positive when seen from above. nod_spread: standard deviation of what is measured of people as they come, in
    degrees. measured_on: the day, as ISO 8601 has it.
    """

    model_digest: str
    dataset: str
    operating_point: str
    fnmr: float
    most_fnmr: float
    measured_on: str
    nods: tuple[tuple[float, float], ...]
    nod_spread: float
    quantities: Mapping[str, Need]

    @property
    def of_present_model(self) -> bool:
        """Whether the default model is the one that was measured."""
        return self.model_digest == FaceModel().digest

    def nod(self, measured: float) -> float:
        """The nod behind a measured one, by linear interpolation; none beyond those that were made."""
        made, seen = zip(*self.nods, strict=True)
        return float(np.interp(measured, seen, made))

    def limit(self, quantity: str) -> float:
        """How far a quantity may go. Raises NeedsError when it was not measured."""
        if quantity not in self.quantities:
            raise NeedsError(f"What {quantity} a face needs was not measured.", remedy=_REMEDY)
        return self.quantities[quantity].limit


def load_needs() -> Needs:
    """The measured needs, perhaps of another model: ask `of_present_model`. Raises NeedsError."""
    try:
        data = files(__package__).joinpath(NEEDS).read_bytes()
    except OSError as error:
        raise NeedsError("There is no file of measured needs.", remedy=_REMEDY) from error
    return parse_needs(data)


def parse_needs(data: bytes) -> Needs:
    """As `load_needs`, of the content of such a file."""
    try:
        document: dict[str, Any] = json.loads(data)
        quantities = {name: Need(**need) for name, need in document.pop("quantities").items()}
        nods = tuple((float(made), float(seen)) for made, seen in document.pop("nods"))
        if not nods or any(later <= earlier for (_, earlier), (_, later) in pairwise(nods)):
            raise ValueError("nods do not rise")
        return Needs(quantities=quantities, nods=nods, **document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NeedsError("The file of measured needs cannot be read.", remedy=_REMEDY) from error


_REMEDY = "Measure them: `python -m benchmarks degradation`."
