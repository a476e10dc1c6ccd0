"""`clearglass audit`: what an auditor does with the log. It only reads, so it works while the service runs."""

import sys
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from api.cli.options import Data, Json
from api.cli.output import progress, show, tell

if TYPE_CHECKING:
    from matcher.audit.checkpoint import Checkpoint
    from matcher.audit.note import Verifier
    from matcher.audit.report import LogReport

app = typer.Typer(help="The log of every search.", no_args_is_help=True)


@app.command()
def verify(
    data: Data,
    log: Annotated[
        str | None,
        typer.Argument(
            metavar="[EXPORT]",
            help="A log that was exported, or the address it is served at; without it, the data folder's.",
        ),
    ] = None,
    key: Annotated[str | None, typer.Option("--key", help="Of such a log: its public key.")] = None,
    since: Annotated[
        typer.FileBinaryRead | None,
        typer.Option("--since", metavar="CHECKPOINT", help="A checkpoint you kept: such a log must begin with it."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(envvar="CLEARGLASS_TOKEN", help="Of a served log: a token of somebody who may read it."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write the report as a page (HTML) as well.")
    ] = None,
    json: Json = False,
) -> None:
    """Check the whole log: every entry, the tree, the signature, every search's outcome, the order of times.

    Exit status: 0 it is sound, 3 a rule was not kept, 4 parts are missing, 5 it was changed; 1 it could not be checked.
    """
    if (log is None) != (key is None) or (log is None and since is not None):
        raise typer.BadParameter(
            "a log that was published is checked with its --key, and only such a one takes --since"
        )
    check = _own(data) if log is None or key is None else _published(log, key, since, token)
    if report is not None:
        _write_report(report, check)
    found, severity = check.report, check.report.severity
    problems = [{"severity": one.severity.name.lower(), **asdict(one)} for one in found.problems]
    record = {
        "verified": found.verified,
        "severity": None if severity is None else severity.name.lower(),
        "entries": found.entries,
        "kinds": {kind.value: count for kind, count in found.kinds.items()},
        "began": found.began,
        "ended": found.ended,
        "root": found.root.hex(),
        "problems": problems,
    }
    sentence = (
        f"The log is sound: {found.entries} entries, root {found.root.hex()}."
        if found.verified
        else f"The log is NOT sound: {len(found.problems)} problem(s) in {found.entries} entries."
    )
    tell(record, as_json=json, sentence=sentence)
    if severity is not None:
        if not json:
            show(problems, as_json=False, title="", empty="")
        sys.exit(severity)


@dataclass(frozen=True, kw_only=True)
class _Check:
    """What was checked with which key, against which earlier checkpoint, and what was found."""

    report: "LogReport"
    verifier: "Verifier"
    since: "Checkpoint | None" = None


def _own(data: Path) -> _Check:
    from matcher.audit.key import read_verifier_key
    from matcher.audit.note import Verifier
    from matcher.audit.verification import verify_log
    from matcher.store.database import Database

    key = read_verifier_key(data)
    with Database.open_read_only(data) as database, progress("Checking the log") as advance:
        return _Check(report=verify_log(database, key, progress=advance), verifier=Verifier.parse(key))


def _published(log: str, key: str, since: BinaryIO | None, token: str | None) -> _Check:
    from matcher.audit.auditor import audit
    from matcher.audit.checkpoint import Checkpoint
    from matcher.audit.export import ExportedLog
    from matcher.audit.note import Verifier, open_note
    from matcher.audit.served import served_log

    verifier = Verifier.parse(key)
    old = None if since is None else Checkpoint.parse(open_note(since.read().decode(errors="replace"), [verifier]))
    place = served_log(log, token) if log.startswith(("http://", "https://")) else nullcontext(ExportedLog(Path(log)))
    with place as publication, progress("Checking the log") as advance:
        return _Check(report=audit(publication, verifier, since=old, progress=advance), verifier=verifier, since=old)


def _write_report(path: Path, check: _Check) -> None:
    from api.log_report import log_report_page
    from matcher.clock import system_clock

    page = log_report_page(check.report, check.verifier, check.since, system_clock())
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}.", param_hint="--report") from error


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


@app.command()
def key(data: Data, json: Json = False) -> None:
    """Print the log's public key: whoever checks a receipt, a checkpoint or an export needs it, and nothing else."""
    from matcher.audit.key import read_verifier_key

    verifier = read_verifier_key(data)
    tell({"verifier_key": verifier}, as_json=json, sentence=verifier)


@app.command()
def schema() -> None:
    """Print the JSON Schema that every entry of the log is written by, and checked against."""
    import json as codec

    from matcher.audit.schema import published

    print(codec.dumps(published(), indent=2))


@app.command()
def export(
    data: Data,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Made if need be; an earlier export in it is extended.")
    ],
    json: Json = False,
) -> None:
    """Write the log as files that anybody can check and any web server can publish (C2SP tlog-tiles)."""
    from matcher.audit.export import ExportedLog
    from matcher.audit.key import read_verifier_key
    from matcher.audit.note import Verifier
    from matcher.audit.publication import StoredPublication
    from matcher.store.database import Database

    verifier = Verifier.parse(read_verifier_key(data))
    with Database.open_read_only(data) as database, progress("Writing the log") as advance:
        checkpoint = ExportedLog(folder).extend(StoredPublication(database), verifier, advance)
    record = {"folder": str(folder), "entries": checkpoint.size, "root": checkpoint.root.hex()}
    tell(record, as_json=json, sentence=f"{folder} holds {checkpoint.size} entries, root {checkpoint.root.hex()}.")


@app.command()
def check(
    receipt: Annotated[typer.FileBinaryRead, typer.Argument(metavar="RECEIPT", help="The file; - is standard input.")],
    key: Annotated[str, typer.Option("--key", help="The log's public key, as `clearglass audit key` prints it.")],
    json: Json = False,
) -> None:
    """Check a receipt, offline: whether the entry in it stands in the log of that key. Exit status 1 if not."""
    from matcher.audit.note import Verifier
    from matcher.audit.receipt import Receipt

    text = receipt.read().decode(errors="replace")
    entry, checkpoint = Receipt.parse(text).verified(Verifier.parse(key))
    record = {
        "index": entry.index,
        "time": entry.time.isoformat(timespec="microseconds"),
        "kind": entry.kind.value,
        "body": dict(entry.body),
        "log": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
    }
    where = f"entry {entry.index} of {checkpoint.size} in the log {checkpoint.origin}"
    sentence = f"It is {where}: {entry.kind}, {record['time']}."
    tell(record, as_json=json, sentence=sentence)
