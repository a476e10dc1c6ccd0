"""Pooling of several references of one person: the nearest, the mean, or a learnt pooling. It turns the dissimilarities
d₁ … dₙ of a probe and a person's references into one. The learnt pooling is a soft minimum, -log(mean(exp(-b dᵢ))) / b:
the mean where b is near 0, the nearest where it is large.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.comparator import Comparator, vectors_of
from benchmarks.accuracy.templates import Templates
from benchmarks.datasets.dataset import Trial
from benchmarks.datasets.lfw import person_of
from matcher.evaluation.error_rates import false_non_match_rate, threshold_at

Floats = NDArray[np.floating[Any]]
Whole = NDArray[np.int64]

REFERENCES = 2
RATES = (1e-3, 1e-4)
SHARPNESS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)

POOLINGS = {
    "single": "one reference only",
    "best": "the nearest of two (in use)",
    "mean": "the mean of both dissimilarities",
    "template": "the mean of both templates",
    "quality": "the mean of both templates, weighted by quality",
    "soft": "soft minimum, sharpness {learnt:g} learnt",
}


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """One pooling of one recogniser. learnt: the parameter of the soft minimum, else None.

    fnmr: by FMR, over everybody's pictures against all other people's references.
    """

    recogniser: str
    name: str
    learnt: float | None
    people: int
    probes: int
    fnmr: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Gallery:
    """Rows of references (people, REFERENCES) and of probes (n,). owner: (n,) the person of each probe, -1 for a
    stranger."""

    references: Whole
    probes: Whole
    owner: Whole


def pooled(templates: Templates, comparator: Comparator, trials: Sequence[Trial]) -> list[Pooled]:
    """Every pooling on the people of fold 1, with parameters learnt on those of fold 0; empty for too few."""
    learning, telling = (_gallery(templates, trials, fold) for fold in (0, 1))
    if not len(learning.references) or not len(telling.references):
        return []
    sharpness = min(SHARPNESS, key=lambda value: _loss(_soft(templates, comparator, learning, value), learning))
    ways = {
        "single": (None, _each(templates, comparator, telling)[:, :, 0]),
        "best": (None, _each(templates, comparator, telling).min(axis=2)),
        "mean": (None, _each(templates, comparator, telling).mean(axis=2)),
        "template": (None, _mean_templates(templates, comparator, telling, weighted=False)),
        "quality": (None, _mean_templates(templates, comparator, telling, weighted=True)),
        "soft": (sharpness, _soft(templates, comparator, telling, sharpness)),
    }
    return [
        Pooled(
            recogniser=comparator.name,
            name=name,
            learnt=learnt,
            people=len(telling.references),
            probes=int((telling.owner >= 0).sum()),
            fnmr={f"{rate:.0e}": _fnmr(apart, telling, rate) for rate in RATES},
        )
        for name, (learnt, apart) in ways.items()
    ]


def _gallery(templates: Templates, trials: Sequence[Trial], fold: int) -> _Gallery:
    names = sorted({name for one in trials if one.fold == fold for name in (one.probe, one.reference)})
    pictures: dict[str, list[int]] = defaultdict(list)
    for name, row in zip(names, templates.rows(names).tolist(), strict=True):
        if templates.found[row]:
            pictures[person_of(name)].append(row)
    several = [rows for rows in pictures.values() if len(rows) > REFERENCES]
    strangers = [row for rows in pictures.values() if len(rows) <= REFERENCES for row in rows]
    mated = [(row, who) for who, rows in enumerate(several) for row in rows[REFERENCES:]]
    return _Gallery(
        references=np.array([rows[:REFERENCES] for rows in several], np.int64).reshape(-1, REFERENCES),
        probes=np.array([*(row for row, _ in mated), *strangers], np.int64),
        owner=np.array([*(who for _, who in mated), *(-1 for _ in strangers)], np.int64),
    )


def _each(templates: Templates, comparator: Comparator, gallery: _Gallery) -> Floats:
    """(probes, people, REFERENCES) dissimilarities."""
    apart = comparator.against(templates, gallery.probes, gallery.references.reshape(-1))
    return apart.reshape(len(gallery.probes), *gallery.references.shape)


def _soft(templates: Templates, comparator: Comparator, gallery: _Gallery, sharpness: float) -> Floats:
    apart = _each(templates, comparator, gallery).astype(np.float64)
    soft: Floats = -np.log(np.exp(-sharpness * apart).mean(axis=2)) / sharpness
    return soft


def _mean_templates(templates: Templates, comparator: Comparator, gallery: _Gallery, *, weighted: bool) -> Floats:
    quality = templates.quality[gallery.references]
    weights = np.maximum(quality, 1e-6) if weighted else np.ones_like(quality)
    weights = weights / weights.sum(axis=1, keepdims=True)
    count = len(gallery.references)
    together = Templates(
        names=(),
        found=np.ones(count + len(gallery.probes), bool),
        quality=np.ones(count + len(gallery.probes), np.float32),
        vectors={
            part.embedder: np.concatenate(
                [
                    np.einsum("pr,prd->pd", weights, vectors[gallery.references]).astype(np.float32),
                    vectors[gallery.probes],
                ]
            )
            for part, vectors in ((part, vectors_of(part, templates)) for part in comparator.parts)
        },
    )
    return comparator.against(together, np.arange(count, count + len(gallery.probes)), np.arange(count))


def _own(gallery: _Gallery) -> NDArray[np.bool_]:
    own: NDArray[np.bool_] = gallery.owner[:, None] == np.arange(len(gallery.references))[None, :]
    return own


def _fnmr(apart: Floats, gallery: _Gallery, rate: float) -> float:
    own = _own(gallery)
    return false_non_match_rate(apart[own], threshold_at(apart[~own], rate))


def _loss(apart: Floats, gallery: _Gallery) -> float:
    """The loss: the negated distance of mated and non-mated dissimilarities in units of both spreads.

    The FNMR of some hundred probes is too coarse to choose by.
    """
    own = _own(gallery)
    mated, non_mated = apart[own], apart[~own]
    return float((mated.mean() - non_mated.mean()) / np.sqrt((mated.var() + non_mated.var()) / 2))
