"""The root of the command line: its commands, and the handling of their errors."""

import sys
from typing import Annotated, NoReturn

import typer

from api.cli.commands import (
    account,
    audit,
    camera,
    consent,
    demo,
    doctor,
    operating_point,
    search,
    serve,
    subject,
    witness,
)
from api.cli.output import complain
from api.version import app_version
from matcher.errors import ClearglassError

app = typer.Typer(
    name="clearglass",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(camera.app, name="camera")
app.add_typer(subject.app, name="subject")
app.add_typer(consent.app, name="consent")
app.add_typer(audit.app, name="audit")
app.add_typer(account.app, name="account")
app.add_typer(witness.app, name="witness")
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("identify")(search.identify)
app.command("verify")(search.verify)
app.command("calibrate")(operating_point.calibrate)
app.command("thresholds")(operating_point.thresholds)
app.command("doctor")(doctor.doctor)


def _tell_version(asked: bool) -> None:
    if asked:
        print(f"clearglass {app_version()}")
        raise typer.Exit


@app.callback()
def clearglass(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Consent-first face matching for camera streams, with a query log anyone can check."""


def main() -> None:
    """Runs the command; exit status 0 for success, 1 for an error, 2 for a wrong call. Further statuses, from 3 on, are
    documented in a command's help.
    """
    try:
        app()
    except ClearglassError as error:
        _fail(error)
    except ValueError as error:
        _fail_of_setting(error)
    except KeyboardInterrupt:
        sys.exit(130)


def _fail_of_setting(error: ValueError) -> NoReturn:
    """Raises the error again if it is not about a setting. Imported only now: most commands need no pydantic."""
    from pydantic import ValidationError

    from api.setting_error import SettingError

    if not isinstance(error, ValidationError):
        raise error
    _fail(SettingError.of(error))


def _fail(error: ClearglassError) -> NoReturn:
    complain(error, as_json="--json" in sys.argv)
    sys.exit(1)
