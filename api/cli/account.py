"""`clearglass account`: who may log in."""

import sys
from typing import Annotated

import typer

from api.cli.options import Data, Json, actor, opened
from api.cli.output import show, tell

app = typer.Typer(help="Who may log in to the dashboard and call the API.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="The login.")],
    data: Data,
    role: Annotated[str, typer.Option(help="operator, auditor, researcher or administrator.")] = "operator",
    json: Json = False,
) -> None:
    """Add an account. The password is asked for, or read from standard input where that is no terminal."""
    from api.accounts import Role

    if role not in set(Role):
        raise typer.BadParameter(f"{role!r} is no role; there are: {', '.join(Role)}")
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    with opened(data) as service:
        account = service.accounts.create(name=name, password=password, role=Role(role), actor=actor())
    record = {"id": account.id, "name": account.name, "role": account.role.value}
    tell(record, as_json=json, sentence=f"Added {account.role.value} {account.name}.")


@app.command("list")
def list_(data: Data, json: Json = False) -> None:
    """List the accounts."""
    with opened(data) as service:
        rows = [{"id": a.id, "name": a.name, "role": a.role.value} for a in service.accounts.list()]
    show(
        rows, as_json=json, title="Accounts", empty="No accounts yet: clearglass account add NAME --role administrator"
    )
