"""The test of 2018 with a "similarity of 80", repeated on LFW: `python -m benchmarks aclu`.

The American Civil Liberties Union compared 535 members of Congress with 25,000 arrest photographs with a vendor's
service at its default, a similarity of 80, and got 28 false matches (J. Snow, aclu.org, 26 July 2018). The vendor
answered that 95 or 99 should have been set; it did not state the false match rates of these numbers. Here 535 people of
LFW are compared with the pictures of all others. The threshold like 80 is the one that is expected to give the ACLU's
share of false matches in this gallery; those like 95 and 99 are ten and a hundred times stricter. They are chosen on
view 1; the 535 are not in view 1.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.accuracy.comparator import FUSION, comparators
from benchmarks.accuracy.pair_matrix import PairMatrix
from benchmarks.accuracy.searches import search
from benchmarks.accuracy.templates import Templates, extract
from benchmarks.accuracy.verification import scored
from benchmarks.accuracy.view1 import view1
from benchmarks.accuracy.wording import rate_text
from benchmarks.datasets.lfw import Lfw, person_of
from benchmarks.harness.benchmark import Context, Result, Table
from matcher.evaluation.error_rates import false_non_match_rate, threshold_at
from matcher.evaluation.expectation import fpir
from matcher.evaluation.interval import wilson
from matcher.recognition.scale import FEWEST

PEOPLE, PHOTOGRAPHS, FALSE_MATCHES = 535, 25_000, 28
"""The test of 2018."""

FMR_OF_2018 = -math.expm1(math.log1p(-FALSE_MATCHES / PEOPLE) / PHOTOGRAPHS)
"""The FMR of that test, from its own count: 1 - (1 - FMR)^25,000 = 28 / 535."""

LARGE = 1_000_000
QUICK_GALLERY = 1_000

LIKE = (("like 80", 1.0), ("like 95", 0.1), ("like 99", 0.01))
ONE_TO_ONE = (1e-3, 1e-4)
"""FMRs that are usual for 1:1 comparison."""


@dataclass(frozen=True, kw_only=True)
class Reenacted:
    """One threshold. fmr: its FMR on view 1, with the number of false matches there; borne: true if they are enough.
    expected, found: the number of searches with a false match. fnmr: of view 1's mated pairs.
    """

    what: str
    fmr: float
    threshold: float
    on_view1: int
    borne: bool
    expected: float
    found: int
    low: float
    high: float
    in_2018: float
    in_a_million: float
    fnmr: float


class AcluBenchmark:
    """See `benchmarks.harness.benchmark.Benchmark`."""

    name = "aclu"
    summary = "The test of 2018 done again on LFW: false matches at thresholds like 80, 95 and 99, in a large gallery"

    def run(self, context: Context) -> Result:
        """Measures. With `quick` in a small gallery."""
        lfw = Lfw.at(context.root_of("lfw"))
        trials = view1(lfw)
        chosen_on = sorted({name for trial in trials for name in (trial.probe, trial.reference)})
        known = {person_of(name) for name in chosen_on}
        pictures = {who: [f"{who}/{path.stem}" for path in paths] for who, paths in lfw.people().items()}
        asked = [who for who in pictures if who not in known][:: 2 if not context.quick else 20][:PEOPLE]
        gallery = [(name, who) for who, names in pictures.items() if who not in set(asked) for name in names]
        if context.quick:
            gallery, chosen_on = gallery[:QUICK_GALLERY], chosen_on[:QUICK_GALLERY]
            trials = tuple(one for one in trials if {one.probe, one.reference} <= set(chosen_on))
        probes = [(pictures[who][0], who) for who in asked]
        wanted = sorted({*chosen_on, *(name for name, _ in gallery), *(name for name, _ in probes)})
        templates = extract(lfw, wanted, context)
        column = next(one for one in comparators() if one.name == FUSION)
        people = [person_of(name) for name in chosen_on]
        part = _only(templates, chosen_on)
        matrix = PairMatrix.write(context.out / self.name, part, people, [column], context.progress)
        nearest = search("aclu", templates, gallery, probes, [column]).found[FUSION].other
        mated, _ = scored(lfw, trials, part, [column]).of(FUSION)
        rows = list(reenacted(matrix.non_mated(FUSION), mated, nearest, len(gallery)))
        return _result(rows, len(gallery), len(probes))


def _only(templates: Templates, names: Sequence[str]) -> Templates:
    rows = templates.rows(names)
    return Templates(
        names=tuple(names),
        found=templates.found[rows],
        quality=templates.quality[rows],
        vectors={embedder: vectors[rows] for embedder, vectors in templates.vectors.items()},
    )


def reenacted(non_mated: np.ndarray, mated: np.ndarray, nearest: np.ndarray, references: int) -> Iterator[Reenacted]:
    """non_mated, mated: of view 1. nearest: (n,) the dissimilarity of each probe's nearest reference of another
    person."""
    share = FALSE_MATCHES / PEOPLE
    eighty = -math.expm1(math.log1p(-share) / references)
    like = [(what, factor * eighty) for what, factor in LIKE]
    for what, fmr in [*like, *((f"FMR {fmr:.0e}", fmr) for fmr in ONE_TO_ONE)]:
        threshold = threshold_at(non_mated, fmr)
        on_view1 = int((non_mated <= threshold).sum())
        found = int((nearest <= threshold).sum())
        low, high = wilson(found, len(nearest))
        yield Reenacted(
            what=what,
            fmr=fmr,
            threshold=threshold,
            on_view1=on_view1,
            borne=on_view1 >= FEWEST,
            expected=len(nearest) * fpir(fmr, references),
            found=found,
            low=low,
            high=high,
            in_2018=PEOPLE * fpir(fmr, PHOTOGRAPHS),
            in_a_million=fpir(fmr, LARGE),
            fnmr=false_non_match_rate(mated, threshold),
        )


def _result(rows: Sequence[Reenacted], references: int, probes: int) -> Result:
    low, high = wilson(FALSE_MATCHES, PEOPLE)
    return Result(
        figures={
            "references": references,
            "probes": probes,
            "fmr_of_2018": FMR_OF_2018,
            "share_of_2018": {"share": FALSE_MATCHES / PEOPLE, "low": low, "high": high},
            "thresholds": [asdict(row) for row in rows],
        },
        tables=[
            Table(
                title=f"{probes} people against {references:,} pictures of others",
                columns=(
                    "threshold",
                    "FMR it stands for",
                    "false on view 1",
                    "false matches expected",
                    "found",
                    "share, 95 % interval",
                    "of 535 against 25,000",
                    "share among 1,000,000",
                    "mated pairs it misses",
                ),
                rows=[
                    (
                        row.what,
                        f"{row.fmr:.1e}",
                        f"{row.on_view1:,}" if row.borne else f"{row.on_view1}: no evidence",
                        f"{row.expected:.1f}",
                        str(row.found),
                        rate_text(row.found / probes, row.low, row.high),
                        f"{row.in_2018:.1f}",
                        f"{row.in_a_million:.1%}",
                        f"{row.fnmr:.2%}",
                    )
                    for row in rows
                ],
            )
        ],
        notes=[
            f"In 2018, 28 of 535 people were falsely matched: {FALSE_MATCHES / PEOPLE:.1%} [{low:.1%}, {high:.1%}], a "
            f"false match in {1 / FMR_OF_2018:,.0f} comparisons. Of one-to-one "
            "comparison that would be called excellent.",
            "Like 80, 95 and 99: nobody told which rates those numbers stood for. Like 80 is what gives the share of "
            "2018 in this gallery, like 95 and 99 are ten and a hundred times stricter. Where view 1 has fewer than "
            "ten false matches at a threshold, there is no evidence for it, and the closest of them may be the same "
            "person under two names.",
            "What is expected is 1 - (1 - FMR)^N, as if comparisons were independent. The thresholds were chosen on "
            "view 1; the people searched for are not in it, most of the gallery is.",
        ],
    )
