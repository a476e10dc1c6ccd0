"""`clearglass audit live` and `groups`: the live evaluation of the cameras, from the log, its reviews and declared
groups."""

import json as codec
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.client import reached
from api.cli.options import Data, Json
from api.cli.output import counted, progress, tell
from api.cli.published import Log, Page, Token, any_log, write_file

if TYPE_CHECKING:
    from datetime import datetime


def live(
    data: Data,
    log: Log = None,
    groups: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The declared groups, from `clearglass audit groups`.")
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option("--key", help="Such a log's public key, to check its signature.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Only searches from then on (ISO 8601).")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Only searches before then.")] = None,
    token: Token = None,
    report: Page = None,
    json: Json = False,
) -> None:
    """Evaluate the cameras by the reviews of their alerts: false alarms by camera, week and declared group.

    Exit status: 0 no finding, 3 a group is named falsely more often, or a measure drifted.
    """
    from matcher.evaluation.groups import read_groups
    from matcher.evaluation.published import evaluate_log
    from matcher.log.key import read_verifier_keys
    from matcher.tlog.note import Verifier

    keys = key or (list(read_verifier_keys(data)) if log is None else [])
    declarations = [] if groups is None else read_groups(groups)
    with any_log(data, log, token) as publication, progress("Reading the log") as advance:
        made = evaluate_log(
            publication,
            declarations,
            verifiers=[Verifier.parse(one) for one in keys],
            since=None if since is None else _moment(since, "--since"),
            until=None if until is None else _moment(until, "--until"),
            progress=advance,
        )
    if report is not None:
        from api.live_report import live_report_page
        from matcher.clock import system_clock

        write_file(report, live_report_page(made, system_clock()), option="--report")
    found = made.report.findings
    record = {"findings": found, **asdict(made)}
    tally = made.report.total.tally
    counts = f"{tally.confirmed} confirmed, {tally.rejected} rejected, {tally.undecided} undecided"
    tell(
        record,
        as_json=json,
        sentence="\n".join([f"{counted(tally.alerts, 'alert')}: {counts}.", *(found or ["No finding."])]),
    )
    if found:
        sys.exit(3)


def groups(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write; everybody who reads it knows the groups.")
    ],
    data: Data,
    json: Json = False,
) -> None:
    """Write the declared groups to a file, for `clearglass audit live` on another machine. It is logged."""
    from matcher.folder.whole_file import write_whole

    with reached(data) as client:
        declared = client.get("/log/groups")
    try:
        write_whole(file, f"{codec.dumps(declared, indent=1)}\n".encode(), mode=0o600)
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be written: {error.strerror}.", param_hint="FILE") from error
    count = len(declared["groups"])
    record = {"file": str(file), "declarations": count}
    tell(record, as_json=json, sentence=f"{file} holds what {counted(count, 'person', 'people')} declared.")


def _moment(text: str, option: str) -> "datetime":
    """A day or a moment; without a time zone it is UTC."""
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date, such as 2026-03-01.", param_hint=option) from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
