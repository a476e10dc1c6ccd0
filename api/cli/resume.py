"""`clearglass audit resume`: the way out of a log that stopped because the clock ran ahead."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.options import Data, Json
from api.peer import own_actor as actor
from api.cli.output import tell

if TYPE_CHECKING:
    from api.resumption import Resumption


def resume(
    data: Data,
    yes: Annotated[bool, typer.Option("--yes", help="The clock is right now: do not ask.")] = False,
    json: Json = False,
) -> None:
    """Let the log go on after a clock that ran ahead and is right again. While the service stands still.

    The log says so in an entry, with the last time that there was, the time now and the login at this terminal.
    """
    from api.resumption import resume as resumed
    from matcher.audit.errors import ClockSoundError
    from matcher.audit.log import AuditLog
    from matcher.audit.verification import require_sound
    from matcher.clock import system_clock
    from matcher.store.database import Database

    with Database.open(data) as database:
        log = AuditLog(database, clock=system_clock)
        require_sound(database, *log.verifier_keys)
        state = log.clock_state()
        if state.fits:
            raise ClockSoundError
        if not yes:
            _ask(state.sentence)
        done = resumed(log, actor=actor())
    tell(asdict(done), as_json=json, sentence=_sentence(done))


def _ask(sentence: str) -> None:
    """Goes on only if somebody says that the clock is right."""
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"{sentence} If the clock is right now, say so with --yes")
    typer.echo(sentence, err=True)
    typer.confirm("Is the clock right now?", abort=True, err=True)


def _sentence(done: "Resumption") -> str:
    lines = [
        f"The log goes on at {done.now:%Y-%m-%d %H:%M:%S} UTC, after an entry of {done.last_time:%Y-%m-%d %H:%M:%S} "
        f"UTC: entry {done.index} says so.",
        f"Ended, since the clock that ran ahead began them: {done.sessions} session(s), {done.tokens} token(s).",
    ]
    if done.subjects:
        lines.append(
            f"{len(done.subjects)} subject(s) consented by that clock, and are not found until then. "
            f"Record a new consent for each: {', '.join(done.subjects)}"
        )
    return "\n".join(lines)
