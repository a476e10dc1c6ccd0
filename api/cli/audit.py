"""`clearglass audit`: verify and show. Both only read, so they work while the service runs."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from api.cli.options import Data, Json
from api.cli.output import progress, show, tell

app = typer.Typer(help="The log of every search.", no_args_is_help=True)


@app.command()
def verify(data: Data, json: Json = False) -> None:
    """Check the whole log: every leaf, the tree, the signature, every request's outcome, the order of times."""
    from matcher.audit.key import read_verifier_key
    from matcher.audit.verification import verify_log
    from matcher.store.database import Database

    with Database.open_read_only(data) as database, progress("Checking the log") as advance:
        report = verify_log(database, read_verifier_key(data), progress=advance)
    record = {
        "verified": report.verified,
        "entries": report.entries,
        "root": report.root.hex(),
        "problems": [asdict(problem) for problem in report.problems],
    }
    sentence = (
        f"The log is sound: {report.entries} entries, root {report.root.hex()}."
        if report.verified
        else f"The log is NOT sound: {len(report.problems)} problem(s) in {report.entries} entries."
    )
    tell(record, as_json=json, sentence=sentence)
    if not report.verified:
        if not json:
            show([asdict(problem) for problem in report.problems], as_json=False, title="", empty="")
        sys.exit(1)


@app.command("show")
def show_(
    data: Data,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many entries, newest first.")] = 20,
    kind: Annotated[str | None, typer.Option(help="Only this kind: request, outcome, review, enrolment, …")] = None,
    json: Json = False,
) -> None:
    """Show the newest entries of the log."""
    import json as codec

    from matcher.audit.entry import EntryKind
    from matcher.audit.log import AuditLog
    from matcher.clock import system_clock
    from matcher.store.database import Database

    if kind is not None and kind not in set(EntryKind):
        raise typer.BadParameter(f"{kind!r} is no kind; there are: {', '.join(EntryKind)}")
    kinds = None if kind is None else [EntryKind(kind)]
    with Database.open_read_only(data) as database:
        log = AuditLog(database, clock=system_clock)
        entries = log.entries(limit=limit, kinds=kinds, newest_first=True)
    rows = [
        {
            "index": entry.index,
            "time": entry.time.isoformat(timespec="milliseconds"),
            "kind": entry.kind.value,
            "body": dict(entry.body) if json else codec.dumps(entry.body, default=str),
        }
        for entry in entries
    ]
    show(rows, as_json=json, title="The log, newest first", empty="The log is empty.")
