"""`clearglass audit resume`: resumes a log that stopped because the clock ran ahead."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.client import running
from api.cli.options import Data, Json
from api.cli.output import counted, tell

if TYPE_CHECKING:
    from matcher.log.clock_state import ClockState


def resume(
    data: Data,
    yes: Annotated[bool, typer.Option("--yes", help="The clock is right now: do not ask.")] = False,
    json: Json = False,
) -> None:
    """Resume the log after a clock that ran ahead and is right again. If the log can continue by itself, nothing is
    done. An entry of the log records it, with the last time, the present time and the user of this machine.
    """
    state = _clock_state(data)
    if state.fits:
        tell({"index": None}, as_json=json, sentence=f"Nothing is to be done. {state.sentence}")
        return
    if not yes:
        _ask(state.sentence)
    with running(data) as client:
        done = _resumed(data) if client is None else client.send("POST", "/log/resumption", json=_SURE)
    tell(done, as_json=json, sentence=_sentence(done))


_SURE = {"clock_is_right": True}


def _clock_state(data: Path) -> "ClockState":
    from matcher.clock import system_clock
    from matcher.log.log import AuditLog
    from matcher.store.database import Database

    with Database.open_read_only(data) as database:
        return AuditLog(database, clock=system_clock).clock_state()


def _resumed(data: Path) -> dict[str, Any]:
    """The same where no service runs, since none starts with such a clock."""
    from api.access.peer import own_actor
    from api.resumption import resume as resumed
    from api.routers.log_resumption import ResumptionOut
    from matcher.audit.verification import require_sound
    from matcher.clock import system_clock
    from matcher.log.log import AuditLog
    from matcher.store.database import Database

    with Database.open(data) as database:
        log = AuditLog(database, clock=system_clock)
        require_sound(database, *log.verifier_keys)
        return ResumptionOut.of(resumed(log, actor=own_actor())).model_dump(mode="json")


def _ask(sentence: str) -> None:
    """Continues only if the user confirms that the clock is right."""
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"{sentence} If the clock is right now, say so with --yes")
    typer.echo(sentence, err=True)
    typer.confirm("Is the clock right now?", abort=True, err=True)


def _sentence(done: dict[str, Any]) -> str:
    lines = [
        f"The log goes on at {_shown(done['now'])}, after an entry of {_shown(done['last_time'])}: "
        f"entry {done['index']} says so.",
        f"Ended, since the clock that ran ahead began them: {counted(done['sessions'], 'session')}, "
        f"{counted(done['tokens'], 'token')}.",
    ]
    if done["subjects"]:
        lines.append(
            f"{counted(len(done['subjects']), 'subject')} consented by that clock, and cannot be found until then. "
            f"Record a new consent for each: {', '.join(done['subjects'])}"
        )
    return "\n".join(lines)


def _shown(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M:%S} UTC"
