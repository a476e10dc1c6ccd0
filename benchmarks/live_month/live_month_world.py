"""A simulated month of cameras, people who pass, and people who review: the input of a live evaluation. Non-mated
dissimilarity is normal about a mean of each person's own (some are mistaken more easily than others: Doddington et al.,
ICSLP 1998). Some strangers pass repeatedly, and a stranger who is mistaken for a subject once is mistaken for them on
most days. The planted unfairness: women's non-mated dissimilarities are lower by the amount that makes their FMR FACTOR
times as high, as if only their threshold had been raised.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import numpy.typing as npt

from matcher.consent.consents import microseconds
from matcher.consent.rule import ANY_CAMERA, ConsentRule
from matcher.evaluation.log_extract import LogExtract, LoggedAlert, Searches, Span
from matcher.people.declaration import Attributes, Declaration

FACTOR = 3.0
BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
PURPOSE = "demo"
THRESHOLD = 0.5
QUALITY = 0.8

_SPREAD = 0.11
"""The spread of one stranger's dissimilarities to others, without a person's own mean."""
_PAIR = 0.107
"""The share of it that stays when the same stranger passes again."""
_PERSON = 0.025
_MATED = (0.3, 0.08)
_COMES = 0.7
"""The share of days on which a regular passes."""
_MORNING = 0.3
"""The part of a day that is over when the first search is made; half a day later the last one is."""
_DAY = 86_400_000_000

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """enrolled: half of them women, who all declared that and one of three ages. strangers: passages of people who pass
    once, for a camera and a day. regulars: who pass on most days, each at one camera. visits: the share of days on
    which an enrolled person passes. decided: the share of alerts that people decide, at the first camera and at the
    last. wrong: the share of the false alerts that they confirm, and of the true ones that they reject. non_mated: the
    mean dissimilarity to strangers.
    """

    enrolled: int = 1000
    cameras: int = 8
    days: int = 30
    strangers: int = 300
    regulars: int = 1500
    visits: float = 0.3
    decided: tuple[float, float] = (0.5, 0.9)
    wrong: tuple[float, float] = (0.03, 0.003)
    non_mated: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Month:
    """The month in the live evaluation's form, from which its log is written. A request is numbered by its position in
    time among all, and each passage is one, with an alert if a subject was found. false: the number of alerts about a
    subject who was not there.
    """

    events: LogExtract
    groups: Mapping[str, Attributes]
    declarations: Sequence[Declaration]
    false: int


def simulate(plan: Plan, *, seed: int, factor: float = 1.0) -> Month:
    """A month. factor: the ratio of women's FMR to men's, at the same distribution of personal means."""
    random = np.random.default_rng(seed)
    subjects = [str(UUID(bytes=random.bytes(16), version=4)) for _ in range(plan.enrolled)]
    women = np.arange(plan.enrolled) % 2 == 0
    ages = random.integers(0, 3, plan.enrolled)
    means = plan.non_mated + random.normal(0, _PERSON, plan.enrolled) - women * _shift(plan.non_mated, factor)
    found = [*_strangers(plan, means, random), *_regulars(plan, means, random), *_visits(plan, random)]
    searches, placed = _searches(plan, found, random)
    decisions = _decisions(plan, placed, random)
    alerts = [
        LoggedAlert(
            request=request,
            time=time,
            camera=_camera(one.camera),
            subject=subjects[one.person],
            dissimilarity=one.score,
            rejected=decisions.get(request),
        )
        for request, time, one in placed
    ]
    groups = {
        subject: {"age": ("18-39", "40-59", "60+")[age], "gender": "female" if woman else "male"}
        for subject, age, woman in zip(subjects, ages.tolist(), women.tolist(), strict=True)
    }
    declarations = [
        Declaration(subject_id=subject, attributes=groups[subject], salt=random.bytes(32)) for subject in subjects
    ]
    end = BEGAN + timedelta(days=plan.days + 1)
    events = LogExtract(
        began=min(int(one.times[0]) for one in searches),
        ended=max(int(one.times[-1]) for one in searches) + 1,
        searches=searches,
        alerts=alerts,
        spans=[
            Span(
                subject=subject,
                rule=ConsentRule(
                    purpose=PURPOSE,
                    cameras=frozenset({ANY_CAMERA}),
                    valid_from=BEGAN + timedelta(microseconds=place),
                    valid_until=end,
                ),
            )
            for place, subject in sorted(enumerate(subjects), key=lambda one: one[1])
        ],
        thresholds=[THRESHOLD],
        declarations={one.subject_id: one.commitment for one in declarations},
    )
    return Month(
        events=events,
        groups=groups,
        declarations=declarations,
        false=sum(not one.mated for _, _, one in placed),
    )


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A search with a candidate: the subject, camera and day, and true if it was that person."""

    person: int
    camera: int
    day: int
    score: float
    mated: bool


def _shift(mean: float, factor: float) -> float:
    """The shift of dissimilarities that makes a stranger's FMR that many times as high, averaged over people."""
    from scipy.stats import norm

    spread = float(np.hypot(_SPREAD, _PERSON))
    usual = norm.cdf(THRESHOLD, mean, spread)
    return float(norm.ppf(factor * usual, mean, spread)) - THRESHOLD


def _below(mean: float, spread: float, random: np.random.Generator) -> float:
    """A dissimilarity, given that it is below the threshold."""
    from scipy.stats import norm

    return float(norm.ppf(random.uniform() * norm.cdf(THRESHOLD, mean, spread), mean, spread))


def _strangers(plan: Plan, means: Floats, random: np.random.Generator) -> list[_Found]:
    from scipy.stats import norm

    passages = plan.strangers * plan.days
    counts = random.binomial(passages, norm.cdf(THRESHOLD, means, _SPREAD)[:, None], (len(means), plan.cameras))
    return [
        _Found(
            person=person,
            camera=camera,
            day=int(random.integers(plan.days)),
            score=_below(float(means[person]), _SPREAD, random),
            mated=False,
        )
        for person, camera in np.argwhere(counts).tolist()
        for _ in range(counts[person, camera])
    ]


def _regulars(plan: Plan, means: Floats, random: np.random.Generator) -> list[_Found]:
    """Each regular has about the same dissimilarities on every day."""
    within = float(np.sqrt(_SPREAD**2 - _PAIR**2))
    pairs = means + random.normal(0, _PAIR, (plan.regulars, len(means)))
    cameras = random.integers(plan.cameras, size=plan.regulars)
    days = random.uniform(size=(plan.regulars, plan.days)) < _COMES
    found = []
    for regular, person in np.argwhere(pairs < THRESHOLD + 5 * within).tolist():
        for day in np.flatnonzero(days[regular]).tolist():
            score = float(random.normal(pairs[regular, person], within))
            if score <= THRESHOLD:
                camera = int(cameras[regular])
                found.append(_Found(person=person, camera=camera, day=day, score=score, mated=False))
    return found


def _visits(plan: Plan, random: np.random.Generator) -> list[_Found]:
    """Those who are enrolled pass as well."""
    found = []
    for person, day in np.argwhere(random.uniform(size=(plan.enrolled, plan.days)) < plan.visits).tolist():
        score = float(random.normal(*_MATED))
        if score <= THRESHOLD:
            camera = int(random.integers(plan.cameras))
            found.append(_Found(person=person, camera=camera, day=day, score=score, mated=True))
    return found


def _searches(
    plan: Plan, found: list[_Found], random: np.random.Generator
) -> tuple[list[Searches], list[tuple[int, int, _Found]]]:
    """Every passage is one search. Returns those with a candidate, with request and time, in order."""
    others = int((plan.strangers * plan.cameras + plan.regulars * _COMES) * plan.days)
    cameras = np.append([one.camera for one in found], random.integers(plan.cameras, size=others))
    days = np.append([one.day for one in found], random.integers(plan.days, size=others))
    times = ((_MORNING + 0.5 * random.uniform(size=len(days))) * _DAY).astype(np.int64)
    moments = microseconds(BEGAN) + days.astype(np.int64) * _DAY + times
    qualities = np.round(np.clip(random.normal(QUALITY, 0.1, len(days)), 0, 1), 2)
    order = np.argsort(moments, kind="stable")
    moments, cameras, qualities = moments[order], cameras[order], qualities[order]
    searches = [
        Searches(
            camera=_camera(camera),
            purpose=PURPOSE,
            times=moments[cameras == camera],
            qualities=qualities[cameras == camera],
        )
        for camera in range(plan.cameras)
    ]
    requests = np.argsort(order)
    placed = [(int(requests[at]), int(moments[requests[at]]), one) for at, one in enumerate(found)]
    return searches, sorted(placed, key=lambda one: one[0])


def _decisions(plan: Plan, placed: list[tuple[int, int, _Found]], random: np.random.Generator) -> dict[int, bool]:
    """By request, the verdict for the reviewed alerts; people review more alerts of some cameras than of others."""
    shares = np.linspace(*plan.decided, plan.cameras)
    decisions: dict[int, bool] = {}
    for request, _, one in placed:
        looked, errs = random.uniform(size=2)
        if looked < shares[one.camera]:
            wrong = bool(errs < plan.wrong[1 if one.mated else 0])
            decisions[request] = wrong if one.mated else not wrong
    return decisions


def _camera(number: int) -> str:
    return f"camera-{number:02}"
