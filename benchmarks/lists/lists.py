"""How long the API takes for a page of people, alerts or cameras, with many of each."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness.alternation import alternate
from benchmarks.harness.benchmark import Context, Result, Table, Target
from benchmarks.harness.spread import spread
from benchmarks.lists.lists_world import make_world
from benchmarks.start_up.start_up_service import RunningService, serving

MOST_SECONDS = 0.3


@dataclass(frozen=True, kw_only=True)
class Plan:
    """people, alerts, cameras: in the data folder. rounds: how often each list is read."""

    people: int
    alerts: int
    cameras: int
    rounds: int


QUICK = Plan(people=300, alerts=600, cameras=4, rounds=2)
FULL = Plan(people=300_000, alerts=300_000, cameras=100, rounds=21)


class ListsBenchmark:
    """See `benchmarks.harness.benchmark.Benchmark`."""

    name = "lists"
    summary = "Pages of people, alerts and cameras over HTTP, with 300,000 people and as many alerts"

    def run(self, context: Context) -> Result:
        """Makes the folder, starts the service on it, and reads every list several times, by turns."""
        plan = QUICK if context.quick else FULL
        with tempfile.TemporaryDirectory(prefix="lists-", dir=context.out.absolute()) as temporary:
            folder = Path(temporary, "data")
            password = make_world(
                folder, people=plan.people, alerts=plan.alerts, cameras=plan.cameras, progress=context.progress
            )
            with serving(folder, password) as service:
                service.wait_for_rest()
                figures = {
                    "people": plan.people,
                    "alerts": plan.alerts,
                    "cameras": plan.cameras,
                    "lists": _measured(service, plan, context),
                }
        return Result(figures=figures, tables=[_table(figures)], targets=[_target(figures)])


def _measured(service: RunningService, plan: Plan, context: Context) -> Mapping[str, Any]:
    """By the list's name. The time holds the client's reading of the answer as well."""
    lists = _lists(service, plan)
    with context.progress.step("lists", total=plan.rounds * len(lists)) as advance:
        times = alternate(
            {name: partial(service.read, path) for name, path in lists.items()}, rounds=plan.rounds, advance=advance
        )
    return {
        name: {"path": path, "items": _count(service.read(path)), "seconds": spread(times[name])}
        for name, path in lists.items()
    }


def _lists(service: RunningService, plan: Plan) -> Mapping[str, str]:
    """The first page, the longest page, and one far from the beginning, of each list."""
    middle = _alert_in_the_middle(service, plan)
    return {
        "number of people": "/gallery",
        "people": "/subjects",
        "people, the longest page": "/subjects?limit=1000",
        "people, the last page": f"/subjects?limit=1000&offset={max(0, plan.people - 1_000)}",
        "people, with those who have withdrawn": f"/subjects?withdrawn=true&offset={plan.people // 2}",
        "alerts": "/alerts",
        "alerts, the longest page": "/alerts?limit=500",
        "alerts, open ones": "/alerts?status=open&limit=500",
        "alerts, confirmed ones": "/alerts?status=confirmed&limit=500",
        "alerts, from the middle on": f"/alerts?limit=500&before={middle}",
        "number of alerts": "/alerts/counts",
        "cameras": "/cameras",
        "purposes": "/purposes",
    }


def _alert_in_the_middle(service: RunningService, plan: Plan) -> str:
    """Its id, found page by page."""
    read, last = 0, ""
    while read < plan.alerts // 2:
        page = service.read("/alerts?limit=500" + (f"&before={last}" if last else ""))
        read, last = read + len(page), page[-1]["id"]
    return str(last)


def _count(answer: Any) -> int | None:
    return len(answer) if isinstance(answer, list) else None


def _table(figures: Mapping[str, Any]) -> Table:
    return Table(
        title=f"With {figures['people']:,} people, {figures['alerts']:,} alerts, {figures['cameras']} cameras",
        columns=("list", "items", "median", "largest", f"median ≤ {MOST_SECONDS * 1e3:.0f} ms"),
        rows=[
            (
                name,
                "" if one["items"] is None else f"{one['items']:,}",
                f"{one['seconds']['p50'] * 1e3:.0f} ms",
                f"{one['seconds']['max'] * 1e3:.0f} ms",
                "yes" if one["seconds"]["p50"] <= MOST_SECONDS else "no",
            )
            for name, one in figures["lists"].items()
        ],
    )


def _target(figures: Mapping[str, Any]) -> Target:
    medians = {name: float(one["seconds"]["p50"]) for name, one in figures["lists"].items()}
    slowest = max(medians, key=lambda name: medians[name])
    return Target(
        aim=f"every list answers in ≤ {MOST_SECONDS * 1e3:.0f} ms in the median with {figures['people']:,} people",
        measured=f"slowest: {slowest}, {medians[slowest] * 1e3:.0f} ms",
        met=medians[slowest] <= MOST_SECONDS,
    )
