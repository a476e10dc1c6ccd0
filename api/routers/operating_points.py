"""Thresholds with their evidence, and what each would bring at this gallery and its traffic."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.http.guard import Bucket, GuardedRoute, ServiceDep, asks
from api.permission import Permission
from api.trouble import TroubleOut
from matcher.evaluation.estimate import Estimate
from matcher.evaluation.expectation import DAY, WEEK, Expectation, caution, expected
from matcher.recognition.operating_point import OperatingPoint
from matcher.recognition.scale import SimilarityScale

router = APIRouter(tags=["operating points"], route_class=GuardedRoute)


class OperatingPointOut(BaseModel):
    """The threshold that was used and the measurement it comes from; without one, its figures are null."""

    name: str = Field(examples=["fmr-1e-5"])
    threshold: float
    dataset: str | None
    non_mated: int
    fmr: float | None
    fmr_low: float | None
    fmr_high: float | None
    mated: int
    fnmr: float | None
    fnmr_low: float | None
    fnmr_high: float | None
    interval: str | None = Field(description="wilson, or subjects where people were resampled.", examples=["wilson"])
    measured_on: str | None
    model_digest: str | None = Field(description="Of the model that was measured.")
    weights: dict[str, float] | None = Field(description="Of the fusion that was measured, by embedder.")
    caveat: TroubleOut | None = Field(description="What to know before one relies on it.")

    @classmethod
    def of(cls, point: OperatingPoint) -> "OperatingPointOut":
        """From the noun."""
        caveat = point.caveat
        return cls(**point.record(), caveat=None if caveat is None else TroubleOut.of(caveat))


class EstimateOut(BaseModel):
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, estimate: Estimate) -> "EstimateOut":
        """From the noun."""
        return cls(value=estimate.value, low=estimate.low, high=estimate.high)


class ExpectationOut(BaseModel):
    """What to expect of a threshold. All of it is as good as the measurement is like this site."""

    references: int = Field(description="That each search compares with: all that are searchable.")
    searches_a_day: float
    fpir: EstimateOut = Field(description="Share of searches for people not enrolled that find somebody.")
    false_alarms_a_day: EstimateOut = Field(description="If nobody searched for is enrolled: the most there can be.")
    misses_per_hundred: EstimateOut = Field(description="Of a hundred searches for enrolled people.")
    fmr_for_one_a_week: float | None = Field(description="FMR that would bring one false alarm a week.")

    @classmethod
    def of(cls, one: Expectation) -> "ExpectationOut":
        """From the noun."""
        return cls(
            references=one.references,
            searches_a_day=one.searches_a_day,
            fpir=EstimateOut.of(one.fpir),
            false_alarms_a_day=EstimateOut.of(one.false_alarms_a_day),
            misses_per_hundred=EstimateOut.of(one.misses_per_hundred),
            fmr_for_one_a_week=one.fmr_for_one_a_week,
        )


class ListedPointOut(OperatingPointOut):
    """An operating point, and what it would bring here. Null without evidence."""

    site: bool = Field(description="Measured or set at this site; else the package's.")
    in_use: bool
    last_day: ExpectationOut | None = Field(description="At the traffic of the last 24 hours.")
    last_week: ExpectationOut | None = Field(description="At that of the last 7 days.")
    caution: str | None = Field(description="What to remember when the rates are taken for this site's.")


class ScaleOut(BaseModel):
    """What `stands_for_fmr` is measured on."""

    dataset: str
    model_digest: str
    non_mated: int

    @classmethod
    def of(cls, scale: SimilarityScale | None) -> "ScaleOut | None":
        """From the noun."""
        if scale is None:
            return None
        return cls(dataset=scale.dataset, model_digest=scale.model_digest, non_mated=scale.non_mated)


class OperatingPointsOut(BaseModel):
    """All thresholds there are, the loosest of the package first.

    searches: identifications by cameras, not people: whoever stays before one is searched for again and again.
    """

    points: list[ListedPointOut]
    scale: ScaleOut | None
    references: int
    searches_last_day: int
    searches_last_week: int


@router.get(
    "/operating-points",
    operation_id="list_operating_points",
    summary="Thresholds, their evidence, and what to expect of them",
    openapi_extra=asks(Permission.ALERTS_READ, bucket=Bucket.SEARCHES),
)
def list_operating_points(service: ServiceDep) -> OperatingPointsOut:
    """What each threshold would make of the last week's identifications, which are counted once a minute at most."""
    matcher = service.matcher
    used, references = matcher.identifier.operating_point, matcher.gallery.size
    day, week = matcher.traffic.counts(service.clock())

    def listed(point: OperatingPoint) -> ListedPointOut:
        def at(searches_a_day: float) -> ExpectationOut | None:
            if point.evidence is None:
                return None
            return ExpectationOut.of(expected(point.evidence, references=references, searches_a_day=searches_a_day))

        return ListedPointOut(
            **OperatingPointOut.of(point).model_dump(),
            site=point.site,
            in_use=point.name == used.name,
            last_day=at(day / DAY),
            last_week=at(week / WEEK),
            caution=None if point.evidence is None else caution(point.evidence),
        )

    return OperatingPointsOut(
        points=[listed(point) for point in matcher.operating_points().values()],
        scale=ScaleOut.of(matcher.scale),
        references=references,
        searches_last_day=day,
        searches_last_week=week,
    )
