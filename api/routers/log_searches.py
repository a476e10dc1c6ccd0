"""The auditor's view of the searches: a list, a random sample, and unusual ones. Reads are logged."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field
from starlette.responses import Response, StreamingResponse

from api.http.guard import Bucket, Caller, GuardedRoute, ServiceDep, asks
from api.http.search_export import FORMATS, Format, exported
from api.permission import Permission
from api.routers.log import note_reading
from matcher.audit.searches import Ending, LoggedSearch, SearchFilter, every_search, sampled_searches, searches
from matcher.audit.unusual import UnusualRules, unusual

router = APIRouter(prefix="/log", tags=["log"], route_class=GuardedRoute)

_LOOKS: dict[str, Any] = asks(Permission.LOG_READ, bucket=Bucket.SEARCHES)  # each may read the whole log
_YEARS = range(1970, 9_000)
"""The times that exist in every time zone."""

Text = Annotated[str | None, Field(max_length=200)]


def _representable(moment: datetime) -> datetime:
    if moment.year not in _YEARS:
        raise ValueError(f"a year from {_YEARS.start} to {_YEARS.stop - 1}")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_representable)]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("no time zone of this name, such as Europe/Vienna") from error
    return name


class QuestionIn(BaseModel):
    """A filter: a search must meet every condition that is given."""

    model_config = {"extra": "forbid"}

    actor: Text = Field(None, description="user:<id>, camera:<id> or cli:<login>")
    purpose: Text = None
    camera: Text = None
    case_reference: Text = None
    cased: bool | None = Field(None, description="Whether there is a case reference.")
    subject: Text = Field(None, description="The subject that was found, or compared with.")
    ending: Ending | None = None
    since: Moment | None = None
    until: Moment | None = Field(None, description="Not within.")

    def noun(self) -> SearchFilter:
        """Converts it to the log's `SearchFilter`."""
        return SearchFilter(**{name: getattr(self, name) for name in SearchFilter.__dataclass_fields__})

    def said(self) -> dict[str, Any]:
        """The filter as it is logged."""
        asked = self.model_dump(mode="json", include=set(SearchFilter.__dataclass_fields__))
        return {name: value for name, value in asked.items() if value is not None}


class PageIn(QuestionIn):
    """A page of the searches."""

    before: int | None = Field(None, ge=0, lt=2**53, description="Only those with a lower index.")
    limit: int = Field(100, ge=1, le=1000)


class SampleIn(QuestionIn):
    """A uniform random sample of them."""

    count: int = Field(20, ge=1, le=1000)
    seed: int = Field(
        0, ge=0, lt=2**31, description="The same seed and log give the same sample: report it with your findings."
    )


class ExportIn(QuestionIn):
    """All of them, as a file."""

    format: Format = "csv"


class UnusualIn(BaseModel):
    """The interval, and the rules for what is unusual."""

    model_config = {"extra": "forbid"}

    since: Moment
    until: Moment
    again: int = Field(5, ge=2, description="The least number of searches by one actor that found the same person.")
    looked: int = Field(100, ge=1, description="The least number of pictures of enrolled people that one actor saw.")
    night_from: int = Field(22, ge=0, le=23)
    night_to: int = Field(6, ge=0, le=23)
    zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        "UTC", description="The time zone of the night, such as Europe/Vienna."
    )


class LoggedSearchOut(BaseModel):
    """A search in one row; its entries have the whole content."""

    request_index: int
    outcome_index: int | None
    time: AwareDatetime
    search: str
    actor: str
    via: str | None = Field(description="The session or token of the actor: session:<id>, token:<id> or cli.")
    role: str
    camera: str
    purpose: str
    case_reference: str | None
    gallery_revision: int
    in_scope: int = Field(description="The number of references in scope.")
    operating_point: str
    threshold: float
    ending: Ending
    candidates: int
    subject: str | None = Field(description="The first candidate, or the subject compared with.")
    dissimilarity: float | None
    failure: str | None
    photograph: str | None = Field(description="Shared with the searches for the photograph's other faces.")

    @classmethod
    def of(cls, search: LoggedSearch) -> "LoggedSearchOut":
        """From a `LoggedSearch`."""
        return cls.model_validate(asdict(search))


class LoggedSearchesOut(BaseModel):
    """The newest first. next: the value of `before` for the next page, or null."""

    searches: list[LoggedSearchOut]
    next: int | None


class UnusualOut(BaseModel):
    """One finding. indexes: of its entries, the first of them."""

    code: str
    message: str
    count: int
    indexes: list[int]


@router.get("/searches", operation_id="list_searches", summary="The searches", openapi_extra=_LOOKS)
def list_searches(caller: Caller, service: ServiceDep, asked: Annotated[PageIn, Query()]) -> LoggedSearchesOut:
    """A page of the searches that the filter selects. The read is logged before anything is read."""
    note_reading(service, caller, {"searches": asked.said() | {"before": asked.before, "limit": asked.limit}})
    found = searches(service.matcher.database, asked.noun(), before=asked.before, limit=asked.limit)
    more = len(found) == asked.limit
    return LoggedSearchesOut(
        searches=[LoggedSearchOut.of(search) for search in found], next=found[-1].request_index if more else None
    )


@router.get(
    "/searches/sample", operation_id="sample_searches", summary="A sample of the searches", openapi_extra=_LOOKS
)
def sample_searches(caller: Caller, service: ServiceDep, asked: Annotated[SampleIn, Query()]) -> list[LoggedSearchOut]:
    """A uniform random sample of the searches that the filter selects. The read is logged before anything is read."""
    note_reading(service, caller, {"sample": asked.said() | {"count": asked.count, "seed": asked.seed}})
    drawn = sampled_searches(service.matcher.database, asked.noun(), count=asked.count, seed=asked.seed)
    return [LoggedSearchOut.of(search) for search in drawn]


@router.get(
    "/searches/export",
    operation_id="export_searches",
    summary="The searches as a file",
    openapi_extra=_LOOKS,
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in FORMATS.values()}}},
)
def export_searches(caller: Caller, service: ServiceDep, asked: Annotated[ExportIn, Query()]) -> StreamingResponse:
    """All searches that the filter selects, as CSV, JSON lines or Parquet. The read is logged before anything is read.
    In CSV an apostrophe stands before =, +, - and @ wherever a spreadsheet might begin a cell, so that it computes
    nothing; JSON lines and Parquet contain the texts themselves."""
    note_reading(service, caller, {"export": asked.said() | {"format": asked.format}})
    parts: Iterator[bytes] = exported(every_search(service.matcher.database, asked.noun()), asked.format)
    name = f"searches.{asked.format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(parts, media_type=FORMATS[asked.format], headers=headers)


@router.get(
    "/unusual",
    operation_id="list_unusual",
    summary="Unusual searches",
    openapi_extra=_LOOKS,
)
def list_unusual(caller: Caller, service: ServiceDep, asked: Annotated[UnusualIn, Query()]) -> list[UnusualOut]:
    """Searches without a case, at night, or repeated for one person; refusals; raised thresholds; actors who saw many
    enrolled faces, or people at night; clocks that ran ahead. It is logged before anything is read."""
    note_reading(service, caller, {"unusual": asked.model_dump(mode="json")})
    rules = UnusualRules(
        min_repeats=asked.again,
        min_pictures=asked.looked,
        night=(asked.night_from, asked.night_to),
        zone=ZoneInfo(asked.zone),
    )
    found = unusual(service.matcher.database, rules, since=asked.since, until=asked.until)
    return [UnusualOut.model_validate(asdict(one)) for one in found]
