"""A fault that the pages show: what is wrong, and what to do about it."""

from dataclasses import asdict
from typing import Literal, Self

from pydantic import BaseModel

from matcher.recognition.operating_point import Caveat


class TroubleOut(BaseModel):
    """A fault of the service as a whole, or of a threshold. code: for programs."""

    code: Literal[
        "disk_failed",
        "log_unwritable",
        "database_stalled",
        "clock_set_back",
        "disk_low",
        "operating_point_other_model",
        "operating_point_no_evidence",
        "followers_behind",
    ]
    message: str
    remedy: str

    @classmethod
    def of(cls, caveat: Caveat) -> Self:
        """From a `Caveat`."""
        return cls.model_validate(asdict(caveat))
