"""How often one camera frame, and one identification over HTTP, change from one file of this project to another."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmarks.harness.benchmark import Context, Progress, Result, Table, Target
from benchmarks.walks.frame_walk import frames
from benchmarks.walks.identification_walk import identifications
from benchmarks.walks.tracer import Walk

PASSES = 2
"""The number of passes, each on a new data folder, which shows if the counts are repeatable."""

MOST_PAIRS = 20

BASELINE_CHANGES = {"frame": 445, "identification": 486}
"""Changes of file when they were counted for the first time, with Python 3.11."""

_TITLES = {"frame": "one camera frame", "identification": "one HTTP identification"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """references: made-up ones in the gallery, beside the person who is found. rounds: counted ones of each pass."""

    references: int
    rounds: int


QUICK = Plan(references=30, rounds=1)
FULL = Plan(references=1_000, rounds=3)


class _Walked(Protocol):
    def __call__(self, folder: Path, *, references: int, rounds: int, progress: Progress) -> Sequence[Walk]: ...


_WALKS: Mapping[str, _Walked] = {"frame": frames, "identification": identifications}


class WalksBenchmark:
    """See `benchmarks.harness.benchmark.Benchmark`."""

    name = "walks"
    summary = "Changes of file of one camera frame and one HTTP identification, from a trace of every call of ours"

    def run(self, context: Context) -> Result:
        """Makes each walk several times on a data folder, and then the same on a new one."""
        plan = QUICK if context.quick else FULL
        context.out.mkdir(parents=True, exist_ok=True)
        figures = {
            name: _figures(name, [_pass(walked, plan, context) for _ in range(PASSES)])
            for name, walked in _WALKS.items()
        }
        return Result(
            figures={"references": plan.references, "rounds": plan.rounds, "passes": PASSES, "walks": figures},
            notes=_notes(figures),
            tables=[_walks_table(figures), *(_pairs_table(name, one) for name, one in figures.items())],
            targets=[_target(name, one) for name, one in figures.items()],
        )


def _pass(walked: _Walked, plan: Plan, context: Context) -> Sequence[Walk]:
    with tempfile.TemporaryDirectory(prefix="walks-", dir=context.out.absolute()) as temporary:
        return walked(
            Path(temporary, "data"), references=plan.references, rounds=plan.rounds, progress=context.progress
        )


def _figures(name: str, passes: Sequence[Sequence[Walk]]) -> dict[str, Any]:
    """The first counted walk, and the comparison of all others with it."""
    walks = [walk for one in passes for walk in one]
    return {
        **asdict(walks[0]),
        "baseline_changes": BASELINE_CHANGES[name],
        "changes_of_each": [[walk.changes for walk in one] for one in passes],
        "calls_of_each": [[walk.calls for walk in one] for one in passes],
        "passes_agree": all(list(one) == list(passes[0]) for one in passes),
        "changes_agree": all(walk.pairs == walks[0].pairs for walk in walks),
    }


def _notes(figures: Mapping[str, Mapping[str, Any]]) -> Sequence[str]:
    return (
        "Counted: calls and returns of functions in the files of api, ingest and matcher, by sys.setprofile in every "
        "thread, after some walks that are not counted. A generator or coroutine that goes on counts as a call, and "
        "one that waits as a return; what libraries and compiled code do counts nothing. A change of file is a call or "
        "return whose file is not that of the one before it in the same thread; calls into another file are counted by "
        "themselves too.",
        "The frame: a picture as it is after decoding, looked at by the worker's Watch, the one face in it searched "
        "for and its alert raised by the keeper's SightingSearch, and the answer taken by the Watch. Each side runs in "
        "a thread of its own. The pipe between them, the camera's relay and the stream's decoding are left out.",
        "The identification: `clearglass serve`, run under the trace by its command, from the request's first byte "
        "until its threads rest again. The confined process that decodes the picture is left out, and what the service "
        "does by the clock. The deepest stack may begin with the frames of the command itself.",
        *(f"{_TITLES[name]}: {_agreement(one)}." for name, one in figures.items()),
    )


def _agreement(one: Mapping[str, Any]) -> str:
    passes = "the same figures" if one["passes_agree"] else "other figures"
    rounds = "the same changes of file" if one["changes_agree"] else "not the same changes of file"
    return f"{PASSES} passes on new data folders gave {passes}; all walks of them had {rounds}"


def _walks_table(figures: Mapping[str, Mapping[str, Any]]) -> Table:
    return Table(
        title="The two walks, in files and functions of ours",
        columns=("", "calls", "files", "changes of file", "calls into another file", "deepest stack", "passes agree"),
        rows=[
            (
                _TITLES[name],
                f"{one['calls']:,}",
                str(one["files"]),
                str(one["changes"]),
                str(one["crossings"]),
                str(one["deepest"]),
                "yes" if one["passes_agree"] and one["changes_agree"] else "no",
            )
            for name, one in figures.items()
        ],
    )


def _pairs_table(name: str, one: Mapping[str, Any]) -> Table:
    pairs = one["pairs"][:MOST_PAIRS]
    share = sum(pair["changes"] for pair in pairs) / max(one["changes"], 1)
    return Table(
        title=f"{_TITLES[name]}: the {len(pairs)} pairs of files with most changes, {share:.0%} of all",
        columns=("file", "and file", "changes"),
        rows=[(pair["one"], pair["other"], str(pair["changes"])) for pair in pairs],
    )


def _target(name: str, one: Mapping[str, Any]) -> Target:
    baseline, changes = one["baseline_changes"], one["changes"]
    return Target(
        aim=f"{_TITLES[name]}: at most {2 * baseline // 3} changes of file, two thirds of the first count's {baseline}",
        measured=f"{changes}, {changes / baseline:.0%} of the first count",
        met=3 * changes <= 2 * baseline,
    )
