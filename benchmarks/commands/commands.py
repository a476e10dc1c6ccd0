"""How long the commands that only read take beside a service with a large gallery, each in a process of its own."""

import math
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.commands.commands_list import GALLERY, LOG, Asked, Command, reading_commands
from benchmarks.commands.commands_world import REFERENCES_EACH, log_size, make_world, newest_request, write_receipt
from benchmarks.harness.benchmark import Context, Progress, Result, Table, Target
from benchmarks.harness.spread import spread
from benchmarks.start_up.start_up_service import COMMAND, RunningService, serving

MOST_SECONDS = 1.5
_TIMEOUT_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """references: in the gallery. entries: of searches in the log. runs: of each command."""

    references: int
    entries: int
    runs: int


QUICK = Plan(references=2_000, entries=500, runs=1)
FULL = Plan(references=1_000_000, entries=10_000, runs=7)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """One run of a command. processor_seconds: of it and its processes, a measure that other load on the machine
    changes less. said: its standard error, or its standard output if that was empty."""

    seconds: float
    processor_seconds: float
    status: int
    said: str


class CommandsBenchmark:
    """See `benchmarks.harness.benchmark.Benchmark`."""

    name = "commands"
    summary = "The commands that only read, each as a fresh process beside a service with a large gallery"

    def run(self, context: Context) -> Result:
        """Makes the folder, starts the service on it, and runs every command several times, in rounds."""
        plan = QUICK if context.quick else FULL
        people = math.ceil((context.references or plan.references) / REFERENCES_EACH)
        load = [os.getloadavg()]
        # Beside the record: the system's folder for temporary files may be memory.
        with (
            tempfile.TemporaryDirectory(prefix="commands-", dir=context.out.absolute()) as temporary,
            ExitStack() as on,
        ):
            folder, outside = Path(temporary, "data"), Path(temporary, "outside")
            outside.mkdir()
            password = make_world(folder, people, plan.entries, context.progress)
            began = time.perf_counter()
            service = on.enter_context(serving(folder, password))
            figures: dict[str, Any] = {
                "references": people * REFERENCES_EACH,
                "people": people,
                "start_seconds": time.perf_counter() - began,
                "rest_seconds": service.wait_for_rest(),
                "memory_at_rest": {"rss": service.resident(), "pss": service.memory()},
            }
            commands = reading_commands(_asked(service, folder, outside))
            figures |= {"log_entries": log_size(folder), "database_bytes": _bytes(folder)}
            load.append(os.getloadavg())
            figures["commands"] = _measured(commands, plan.runs, context.progress)
            load.append(os.getloadavg())
        figures["load_average"] = dict(
            zip(("before", "service_at_rest", "after"), (one[0] for one in load), strict=True)
        )
        return Result(
            figures=figures,
            notes=_notes(figures),
            tables=[_commands_table(figures), _service_table(figures)],
            targets=_targets(figures),
        )


def _asked(service: RunningService, folder: Path, outside: Path) -> Asked:
    """Enrols one more person and finds them by a picture, for the commands that show a person and replay a search."""
    from ingest.rehearsal.film.cast import volunteer
    from matcher.recognition.image import encode_jpeg

    picture = encode_jpeg(volunteer())
    subject_id = service.enrol(picture)
    service.identify(picture)
    request, receipt = newest_request(folder), outside / "receipt.tlog-proof"
    return Asked(
        data=folder,
        subject_id=subject_id,
        request=request,
        receipt=receipt,
        verifier_key=write_receipt(folder, request, receipt),
        outside=outside,
    )


def _measured(commands: Sequence[Command], runs: int, progress: Progress) -> dict[str, Any]:
    """The runs by command. They run in rounds, so that other load on the machine affects each."""
    made: dict[str, list[_Run]] = {command.name: [] for command in commands}
    with progress.step("commands", total=runs * len(commands)) as advance:
        for _ in range(runs):
            for command in commands:
                made[command.name].append(_typed(command))
                advance(1)
    return {command.name: _figures(command, made[command.name]) for command in commands}


def _typed(command: Command) -> _Run:
    began, used = time.perf_counter(), _used()
    ended = subprocess.run(
        [*COMMAND, *command.arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    return _Run(
        seconds=time.perf_counter() - began,
        processor_seconds=_used() - used,
        status=ended.returncode,
        said=ended.stderr or ended.stdout,
    )


def _used() -> float:
    """Processor seconds of all processes that were begun here and have ended: the service is not among them."""
    times = os.times()
    return times.children_user + times.children_system


def _figures(command: Command, runs: Sequence[_Run]) -> dict[str, Any]:
    failed = [run for run in runs if run.status not in command.answers]
    return {
        "whole": command.whole,
        "seconds": spread([run.seconds for run in runs]),
        "processor_seconds": spread([run.processor_seconds for run in runs]),
        "statuses": [run.status for run in runs],
        "failure": failed[0].said.strip() if failed else None,
    }


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def _notes(figures: Mapping[str, Any]) -> Sequence[str]:
    return (
        f"{figures['people']:,} people of {REFERENCES_EACH} made-up references each, with sealed names, templates and "
        "consents, but pictures of a few bytes; one real person beside them, who is shown and searched for.",
        "Each command is a fresh process: the time holds the start of Python and all that is imported. Its processor "
        "time is its own, without what the service does for it, and says what it takes where others use the machine.",
        "audit verify, audit live and audit export read the log from its beginning: their time grows with it. audit "
        "replay makes a search again, among everybody who could be found then.",
    )


def _commands_table(figures: Mapping[str, Any]) -> Table:
    return Table(
        title=f"Beside a service with {figures['references']:,} references, log of {figures['log_entries']:,} entries",
        columns=("clearglass …", "median", "largest", "processor", f"≤ {MOST_SECONDS} s", "the whole"),
        rows=[
            (
                name,
                f"{one['seconds']['p50']:.2f} s",
                f"{one['seconds']['max']:.2f} s",
                f"{one['processor_seconds']['p50']:.2f} s",
                "failed" if one["failure"] else "yes" if one["seconds"]["max"] <= MOST_SECONDS else "no",
                one["whole"],
            )
            for name, one in figures["commands"].items()
        ],
    )


def _service_table(figures: Mapping[str, Any]) -> Table:
    memory, load = figures["memory_at_rest"], figures["load_average"]
    return Table(
        title="The service beside them",
        columns=(
            "references",
            "people",
            "database",
            "started in",
            "at rest after",
            "memory (RSS)",
            "load before, after",
        ),
        rows=[
            (
                f"{figures['references']:,}",
                f"{figures['people']:,}",
                f"{figures['database_bytes'] / 2**20:,.0f} MiB",
                f"{figures['start_seconds']:.1f} s",
                f"{figures['rest_seconds']:.0f} s",
                f"{memory['rss'] / 2**20:,.0f} MiB",
                f"{load['service_at_rest']:.1f}, {load['after']:.1f}",
            )
        ],
    )


def _targets(figures: Mapping[str, Any]) -> Sequence[Target]:
    def through(whole: str) -> Mapping[str, Any]:
        return {name: one for name, one in figures["commands"].items() if one["whole"] == whole}

    beside = f"beside a service with {figures['references']:,} references"
    return (
        _target(
            f"commands that only read answer in ≤ {MOST_SECONDS} s {beside}",
            through(""),
        ),
        _target(
            f"commands that read a whole log of {figures['log_entries']:,} entries: ≤ {MOST_SECONDS} s {beside}",
            through(LOG),
        ),
        _target(
            f"a search made again among {figures['references']:,} references: ≤ {MOST_SECONDS} s", through(GALLERY)
        ),
    )


def _target(aim: str, commands: Mapping[str, Any]) -> Target:
    failed = [name for name, one in commands.items() if one["failure"]]
    slow = [name for name, one in commands.items() if one["seconds"]["max"] > MOST_SECONDS]
    slowest = max(commands, key=lambda name: float(commands[name]["seconds"]["max"]))
    seconds = commands[slowest]["seconds"]
    missed = [
        f"{what}: {', '.join(names)}" for what, names in (("did not answer", failed), ("too slow", slow)) if names
    ]
    return Target(
        aim=aim,
        measured=f"slowest: {slowest}, median {seconds['p50']:.2f} s, largest {seconds['max']:.2f} s",
        met=not missed,
        why_not="; ".join(missed),
    )
