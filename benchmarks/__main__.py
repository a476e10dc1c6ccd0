"""`python -m benchmarks NAME [--quick] [--out DIR]`, `all` for every one, `list` for their names.

`accuracy` is the whole evaluation on LFW.

`results` keeps the whole runs' records of `--out` and writes benchmarks/RESULTS.md from all that are kept.
`report` writes report.html there, one self-contained page from every record in it.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.datasets.registry import MEASURABLE
from benchmarks.harness.benchmark import Context
from benchmarks.running import results
from benchmarks.running.catalogue import ACCURACY, load, names
from benchmarks.running.runner import TerminalProgress, run_benchmark
from matcher.errors import ClearglassError

DEFAULT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the named benchmarks and returns the exit status: 0, or 1 when one of them failed."""
    options = _parse(arguments)
    if options.name == "list":
        for name in dict.fromkeys((*names(), *MEASURABLE)):
            print(f"{name:20} {load(name).summary}")
        return 0
    if options.name == "results":
        return _results(options.out)
    if options.name == "report":
        return _report(options.out)
    wanted = {"all": names(), "accuracy": ACCURACY}.get(options.name, (options.name,))
    return max([_run(name, options) for name in wanted])


def _run(name: str, options: argparse.Namespace) -> int:
    context = Context(
        quick=options.quick,
        data=options.data,
        out=options.out,
        root=options.root,
        models=options.models,
        fusion=options.fusion,
        distractors=options.distractors,
        references=options.references,
        progress=TerminalProgress(),
    )
    try:
        run_benchmark(load(name), context, Console())
    except ClearglassError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0


def _results(out: Path) -> int:
    try:
        kept = results.keep(out)
        results.PAGE.write_text(results.render(), encoding="utf-8")
    except ClearglassError as error:
        print(f"results: {error}", file=sys.stderr)
        return 1
    print(f"kept: {', '.join(kept) or 'nothing new'}; written: benchmarks/{results.PAGE.name}")
    return 0


def _report(out: Path) -> int:
    from benchmarks.running.report import write_report

    try:
        path = write_report(out)
    except ClearglassError as error:
        print(f"report: {error}", file=sys.stderr)
        return 1
    print(f"written: {path}")
    return 0


def _several(text: str) -> int:
    """A number of references."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return number


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known = f"one of: {', '.join(names())}, accuracy, all, list, results, report"
    parser.add_argument("name", metavar="NAME", help=known)
    parser.add_argument("--quick", action="store_true", help="a smaller run, for a first look")
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"), metavar="DIR", help="default: %(default)s")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("CLEARGLASS_DATA", DEFAULT_DATA)),
        metavar="DIR",
        help="the public data sets (default: CLEARGLASS_DATA, else shared/data beside the project's folder)",
    )
    parser.add_argument(
        "--root",
        type=Path,
        metavar="DIR",
        help="where the data set NAME is (default: its name, in the data sets' folder)",
    )
    parser.add_argument(
        "--models", type=Path, metavar="FILE", help="embedders of your own, measured beside ours (JSON)"
    )
    parser.add_argument(
        "--fusion",
        metavar="NAME=WEIGHT,…",
        help="what the column `fusion` compares by (default: that of the service, sface=1,dlib=0.5)",
    )
    parser.add_argument("--distractors", type=Path, metavar="DIR", help="pictures of others, for `identification`")
    parser.add_argument(
        "--references", type=_several, metavar="N", help="how many the gallery of `commands` holds (default: 1000000)"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
