"""`clearglass audit`: an auditor's commands for the log. All but `rotate-key` works while the service runs."""

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer
from rich.markup import escape

from api.cli.client import reached
from api.cli.commands import live, resume
from api.cli.entry_line import entry_line
from api.cli.options import Data, Json
from api.cli.output import counted, progress, show, tell
from api.cli.published import Log, Page, Token, published_log, write_file

if TYPE_CHECKING:
    from matcher.audit.report import LogReport
    from matcher.tlog.checkpoint import Checkpoint
    from matcher.tlog.note import Verifier

app = typer.Typer(help="The log of every search.", no_args_is_help=True)
app.command("live")(live.live)
app.command("groups")(live.groups)
app.command("resume")(resume.resume)


@app.command()
def verify(
    data: Data,
    log: Log = None,
    key: Annotated[
        list[str] | None, typer.Option("--key", help="Such a log's public key; repeat it for each key, if it changed.")
    ] = None,
    since: Annotated[
        typer.FileBinaryRead | None,
        typer.Option("--since", metavar="CHECKPOINT", help="A checkpoint you kept: such a log must begin with it."),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(help="A file with the witness policy that such a log must meet (tlog-policy).", exists=True),
    ] = None,
    token: Token = None,
    report: Page = None,
    json: Json = False,
) -> None:
    """Check the whole log: every entry, the tree, the signature, every search's outcome, the order of times.

    Exit status: 0 it is sound, 3 a rule was broken, 4 parts are missing or of a newer version, 5 it was changed; 1 it
    could not be checked.
    """
    if (log is None) == bool(key) or (log is None and (since is not None or policy is not None)):
        raise typer.BadParameter(
            "a log that was published is checked with its --key, and only such a one takes --since and --policy"
        )
    check = _own(data) if log is None or not key else _published(log, key, since, policy, token)
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
    entries = counted(found.entries, "entry", "entries")
    sentence = (
        f"The log is sound: {entries}, root {found.root.hex()}."
        if found.verified
        else f"The log is NOT sound: {counted(len(found.problems), 'problem')} in {entries}."
    )
    tell(record, as_json=json, sentence=sentence)
    if severity is not None:
        if not json:
            show(problems, as_json=False, title="", empty="")
        sys.exit(severity)


@dataclass(frozen=True, kw_only=True)
class _Check:
    """Checks the named log with its keys and the earlier checkpoint; returns the report."""

    report: "LogReport"
    verifier: "Verifier"
    since: "Checkpoint | None" = None


def _own(data: Path) -> _Check:
    from matcher.audit.verification import verify_log
    from matcher.log.key import read_verifier_keys
    from matcher.store.database import Database
    from matcher.tlog.note import Verifier

    keys = read_verifier_keys(data)
    with Database.open_read_only(data) as database, progress("Checking the log") as advance:
        return _Check(report=verify_log(database, *keys, progress=advance), verifier=Verifier.parse(keys[-1]))


def _published(log: str, keys: list[str], since: BinaryIO | None, policy: Path | None, token: str | None) -> _Check:
    from matcher.audit.auditor import audit
    from matcher.tlog.checkpoint import Checkpoint
    from matcher.tlog.note import Verifier, open_note
    from matcher.tlog.policy import read_policy

    verifiers = [Verifier.parse(key) for key in keys]
    old = None if since is None else Checkpoint.parse(open_note(since.read().decode(errors="replace"), verifiers))
    with published_log(log, token) as publication, progress("Checking the log") as advance:
        report = audit(publication, *verifiers, since=old, policy=read_policy(policy), progress=advance)
    return _Check(report=report, verifier=verifiers[0], since=old)


def _write_report(path: Path, check: _Check) -> None:
    from api.log_report import log_report_page
    from matcher.clock import system_clock

    page = log_report_page(check.report, check.verifier, check.since, system_clock())
    write_file(path, page, option="--report")


@app.command("show")
def show_(
    data: Data,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many entries, newest first.")] = 20,
    kind: Annotated[str | None, typer.Option(help="Only this kind: request, outcome, review, enrolment, …")] = None,
    json: Json = False,
) -> None:
    """Show the newest entries of the log, each in a line; with --json their whole content."""
    from matcher.clock import system_clock
    from matcher.log.entry import EntryKind
    from matcher.log.log import AuditLog
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
            **({"version": entry.version, "body": dict(entry.body)} if json else {"what": entry_line(entry.body)}),
        }
        for entry in entries
    ]
    show(rows, as_json=json, title="The log, newest first", empty="The log is empty.")


@app.command()
def key(data: Data, json: Json = False) -> None:
    """Print the log's public key, which is all that a check of a receipt, a checkpoint or an export needs. While a new
    key is introduced this prints the new one; with --json the older, which still signs, too.
    """
    from matcher.log.key import read_verifier_keys

    newest, *older = reversed(read_verifier_keys(data))
    record = {"verifier_key": newest, "older_keys": older}
    tell(record, as_json=json, sentence=newest)


@app.command("rotate-key")
def rotate_key(
    data: Data,
    retire: Annotated[bool, typer.Option("--retire", help="Second step: the older key signs no more.")] = False,
    json: Json = False,
) -> None:
    """Introduce a new key for the log, or retire the older one. Stop the service first. Between the two steps both keys
    sign, so that you can distribute the new one; each step is an entry of the log.
    """
    from api.access.peer import own_actor
    from matcher.clock import system_clock
    from matcher.log.log import AuditLog
    from matcher.recovery import recover
    from matcher.store.database import Database

    with Database.open(data) as database:
        log = AuditLog(database, clock=system_clock)
        recover(database, log)
        actor = own_actor()
        changed = log.retire_key(actor=actor) if retire else log.introduce_key(actor=actor)
    sentence = f"{changed} signs no more." if retire else f"The new key is {changed}; the older one signs beside it."
    tell({"retired" if retire else "introduced": changed}, as_json=json, sentence=sentence)


@app.command()
def replay(
    index: Annotated[int, typer.Argument(min=0, help="Of a search's request, or of its outcome.")],
    data: Data,
    json: Json = False,
) -> None:
    """Repeat a search's decision from the sealed probe, and compare it with the log. Exit status: 0 it is the same, or
    cannot be repeated; 3 it differs.
    """
    with reached(data) as client:
        made = client.get(f"/log/entries/{index}/replay")
    places = f"entries {made['request_index']} and {made['outcome_index']}"
    sentences = [f"The repeated decision of {places}, made again: {made['verdict']}.", *made["findings"]]
    if made["proof"]:
        sentences.append(f"See entries {', '.join(map(str, made['proof']))}.")
    for one in made["retold"]:
        by_dlib = "not known, for no face was found" if one["dlib"] is None else f"{one['dlib']:.4f}"
        sentences.append(f"By dlib itself, to {one['subject_id']}: {by_dlib}; the log says {one['logged']:.4f}.")
    tell(made, as_json=json, sentence=escape("\n".join(sentences)))
    if made["verdict"] == "different":
        sys.exit(3)


@app.command()
def receipt(
    index: Annotated[int, typer.Argument(min=0, help="Of the entry.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="To write, such as visit.tlog-proof.")],
    data: Data,
    json: Json = False,
) -> None:
    """Write an entry's receipt to a file, which `clearglass audit check` checks offline."""
    with reached(data) as client:
        text = client.get(f"/log/entries/{index}/receipt")
    write_file(file, text.decode(), option="FILE")
    tell({"index": index, "file": str(file)}, as_json=json, sentence=f"{file} holds the receipt of entry {index}.")


@app.command()
def schema(
    version: Annotated[
        int | None, typer.Option(min=1, help="The version of entries; the newest, which is written, by default.")
    ] = None,
) -> None:
    """Print the JSON Schema that every entry of a version is written by, and checked against."""
    import json as codec

    from matcher.log.schema import published
    from matcher.log.version import NEWEST, VERSIONS

    if version is not None and version not in VERSIONS:
        raise typer.BadParameter(f"there is no version {version}; there are: {', '.join(map(str, VERSIONS))}")
    print(codec.dumps(published(version or NEWEST), indent=2))


@app.command()
def export(
    data: Data,
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="The folder, made if it does not exist; an earlier export in it is extended."
        ),
    ],
    json: Json = False,
) -> None:
    """Write the log as files that any reader can check and any web server can publish (C2SP tlog-tiles)."""
    from matcher.log.stored_publication import StoredPublication
    from matcher.store.database import Database
    from matcher.tlog.export import ExportedLog

    with Database.open_read_only(data) as database, progress("Writing the log") as advance:
        checkpoint = ExportedLog(folder).extend(StoredPublication(database), advance)
    record = {"folder": str(folder), "entries": checkpoint.size, "root": checkpoint.root.hex()}
    tell(
        record,
        as_json=json,
        sentence=f"{folder} holds {counted(checkpoint.size, 'entry', 'entries')}, root {checkpoint.root.hex()}.",
    )


@app.command()
def check(
    receipt: Annotated[typer.FileBinaryRead, typer.Argument(metavar="RECEIPT", help="The file; - is standard input.")],
    key: Annotated[str, typer.Option("--key", help="The log's public key, as `clearglass audit key` prints it.")],
    json: Json = False,
) -> None:
    """Check a receipt offline: the entry in it must be in the log of that key. Exit status 1 if it is not."""
    from matcher.audit.receipt import Receipt
    from matcher.tlog.note import Verifier

    text = receipt.read().decode(errors="replace")
    entry, checkpoint = Receipt.parse(text).verified(Verifier.parse(key))
    record = {
        "index": entry.index,
        "time": entry.time.isoformat(timespec="microseconds"),
        "kind": entry.kind.value,
        "version": entry.version,
        "body": dict(entry.body),
        "log": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
    }
    where = f"entry {entry.index} of {checkpoint.size} in the log {checkpoint.origin}"
    sentence = f"It is {where}: {entry.kind}, {record['time']}."
    tell(record, as_json=json, sentence=sentence)
