"""Thresholds with their evidence, and their expected errors at this gallery and its traffic."""

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
    """A threshold and the measurement that it comes from; without one, its figures are null."""

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
    caveat: TroubleOut | None = Field(description="Its caveat.")

    @classmethod
    def of(cls, point: OperatingPoint) -> "OperatingPointOut":
        """From an `OperatingPoint`."""
        caveat = point.caveat
        return cls(**point.record(), caveat=None if caveat is None else TroubleOut.of(caveat))


class EstimateOut(BaseModel):
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, estimate: Estimate) -> "EstimateOut":
        """From an `Estimate`."""
        return cls(value=estimate.value, low=estimate.low, high=estimate.high)


class ExpectationOut(BaseModel):
    """The expected errors of a threshold. They hold as far as the measurement resembles this site."""

    references: int = Field(description="The number that each search compares with: all searchable ones.")
    searches_a_day: float
    fpir: EstimateOut = Field(description="Share of non-mated searches that find somebody.")
    false_alarms_a_day: EstimateOut = Field(description="If all searches are non-mated: the upper bound.")
    misses_per_hundred: EstimateOut = Field(description="Of a hundred mated searches.")
    fmr_for_one_a_week: float | None = Field(description="The FMR that gives one false alarm a week.")

    @classmethod
    def of(cls, one: Expectation) -> "ExpectationOut":
        """From an `Expectation`."""
        return cls(
            references=one.references,
            searches_a_day=one.searches_a_day,
            fpir=EstimateOut.of(one.fpir),
            false_alarms_a_day=EstimateOut.of(one.false_alarms_a_day),
            misses_per_hundred=EstimateOut.of(one.misses_per_hundred),
            fmr_for_one_a_week=one.fmr_for_one_a_week,
        )


class ListedPointOut(OperatingPointOut):
    """An operating point and its expected errors here, null without evidence."""

    site: bool = Field(description="Measured or set at this site; else the package's.")
    in_use: bool
    last_day: ExpectationOut | None = Field(description="At the traffic of the last 24 hours.")
    last_week: ExpectationOut | None = Field(description="At that of the last 7 days.")
    caution: str | None = Field(description="The caveat for applying the rates to this site.")


class ScaleOut(BaseModel):
    """The measurement of `stands_for_fmr`."""

    dataset: str
    model_digest: str
    non_mated: int

    @classmethod
    def of(cls, scale: SimilarityScale | None) -> "ScaleOut | None":
        """From a `SimilarityScale`; None if there is none."""
        if scale is None:
            return None
        return cls(dataset=scale.dataset, model_digest=scale.model_digest, non_mated=scale.non_mated)


class OperatingPointsOut(BaseModel):
    """All thresholds, the highest of the package first. searches: identifications by cameras, not people: a person who
    stays before a camera is searched for repeatedly.
    """

    points: list[ListedPointOut]
    scale: ScaleOut | None
    references: int
    searches_last_day: int
    searches_last_week: int


@router.get(
    "/operating-points",
    operation_id="list_operating_points",
    summary="Thresholds, their evidence and their expected errors",
    openapi_extra=asks(Permission.ALERTS_READ, bucket=Bucket.SEARCHES),
)
def list_operating_points(service: ServiceDep) -> OperatingPointsOut:
    """The expected errors of each threshold at the last week's identifications, which are counted once a minute at
    most."""
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
