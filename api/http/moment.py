"""Moments as they come in over HTTP: with a time zone, and within bounds that every calendar can hold."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9000, 1, 1, tzinfo=UTC)


def _bounded(moment: datetime) -> datetime:
    if not _FIRST <= moment < _LAST:
        raise ValueError("must lie between the years 1970 and 9000")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_bounded)]
