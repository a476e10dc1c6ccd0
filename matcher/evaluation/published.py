"""The live evaluation of a published log, from its entries and the declared groups alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from matcher.audit.leaves import leaves
from matcher.errors import ClearglassError
from matcher.evaluation.figures import LiveReport
from matcher.evaluation.groups import checked_groups, known_groups
from matcher.evaluation.live import evaluate
from matcher.evaluation.log_extract import events_of
from matcher.log.errors import LogChangedError
from matcher.people.declaration import Declaration
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.note import Verifier, note_text, open_note
from matcher.tlog.progress import Progress
from matcher.tlog.publication import Publication


@dataclass(frozen=True, kw_only=True)
class LogEvaluation:
    """A report and its log: the log's name, its number of entries, its root in hex. signed: true if the checkpoint's
    signature was checked with a given key."""

    origin: str
    entries: int
    root: str
    signed: bool
    report: LiveReport


class WindowError(ClearglassError):
    """The interval to evaluate ends before it begins."""

    code: ClassVar[str] = "window_invalid"


def evaluate_log(
    log: Publication,
    declarations: Sequence[Declaration] = (),
    *,
    own: bool = False,
    verifiers: Sequence[Verifier] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    progress: Progress | None = None,
) -> LogEvaluation:
    """The report; the same log and declarations give the same report. since, until: the interval of the searches. own:
    the declarations are those of the log's own service; those newer than the log are left out. Raises WindowError,
    EntryNewerError, LogChangedError if the entries are not those of its checkpoint, NoteError if none of the verifiers
    signed that, GroupsError if a declaration is not what the log commits to, and what reading the log does.
    """
    if since is not None and until is not None and since >= until:
        raise WindowError("The time to look at ends before it begins.", remedy="Give a beginning before the end.")
    note = log.checkpoint()
    checkpoint = Checkpoint.parse(open_note(note, verifiers) if verifiers else note_text(note))
    try:
        events = events_of(leaves(log, checkpoint, progress), since=since, until=until)
    except (ValueError, KeyError, TypeError) as error:
        raise LogChangedError("An entry of the log cannot be read.") from error
    return LogEvaluation(
        origin=checkpoint.origin,
        entries=checkpoint.size,
        root=checkpoint.root.hex(),
        signed=bool(verifiers),
        report=evaluate(events, (known_groups if own else checked_groups)(declarations, events.declarations)),
    )
