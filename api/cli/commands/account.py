"""`clearglass account`: the accounts of people."""

import sys
from typing import Annotated, Any

import typer
from rich.markup import escape

from api.cli.client import Client, reached
from api.cli.options import Data, Json
from api.cli.output import show, tell

app = typer.Typer(help="Accounts for the dashboard and the API.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The login.")]


@app.command()
def add(
    name: Name,
    data: Data,
    role: Annotated[str, typer.Option(help="operator, auditor, researcher or administrator.")] = "operator",
    json: Json = False,
) -> None:
    """Add an account. The password is asked for, or read from standard input where that is no terminal.

    The first account of a folder counts as your own; the owner of any other must change the password at the first
    login.
    """
    from api.permission import Role

    if role not in set(Role):
        raise typer.BadParameter(f"{role!r} is no role; there are: {', '.join(Role)}")
    password = _secret("Password", confirmed=True)
    with reached(data) as client:
        account = client.send("POST", "/accounts", json={"name": name, "password": password, "role": role})
    change = " The password must be changed at the first login." if account["must_change"] else ""
    tell(account, as_json=json, sentence=f"Added {account['role']} {escape(account['name'])}.{change}")


@app.command("list")
def list_(data: Data, json: Json = False) -> None:
    """List the accounts."""
    with reached(data) as client:
        accounts = client.get("/accounts")
    rows = accounts if json else [_row(account) for account in accounts]
    show(
        rows, as_json=json, title="Accounts", empty="No accounts yet: clearglass account add NAME --role administrator"
    )


@app.command()
def password(
    name: Name,
    data: Data,
    own: Annotated[
        bool,
        typer.Option(
            "--own",
            help="The account is your own: the present password is asked for, and the new one need not be changed.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Set an account's password, for an owner who has forgotten it. Every session of the account ends.

    The new password must be changed at the next login. With --own, the present password, the code where the account
    has a second factor, and the new password are asked for, or read from standard input, a line each.
    """
    with reached(data) as client:
        account = _named(client, name)
        proof = {}
        if own:
            proof["present"] = _secret("Present password")
            if account["second_factor"]:
                proof["code"] = _secret("Code")
        change = proof | {"password": _secret("New password", confirmed=True)}
        client.send("PUT", f"/accounts/{account['id']}/password", json=change)
        account = _named(client, name)
    sentence = f"The password of {escape(account['name'])} is changed."
    if account["must_change"]:
        sentence += " It must be changed at the next login."
    tell(account, as_json=json, sentence=sentence)


@app.command()
def remove(name: Name, data: Data, json: Json = False) -> None:
    """Close an account permanently, with its sessions and tokens. Its name cannot be used again."""
    with reached(data) as client:
        client.send("DELETE", f"/accounts/{_named(client, name)['id']}")
        account = _named(client, name)
    tell(account, as_json=json, sentence=f"Closed the account {escape(account['name'])}.")


@app.command("reset-second-factor")
def reset_second_factor(name: Name, data: Data, json: Json = False) -> None:
    """Remove an account's second factor, for an owner who lost the device and the recovery codes."""
    with reached(data) as client:
        client.send("DELETE", f"/accounts/{_named(client, name)['id']}/second-factor")
        account = _named(client, name)
    tell(account, as_json=json, sentence=f"{escape(account['name'])} has no second factor any more.")


def _named(client: Client, name: str) -> dict[str, Any]:
    """The account of this login. Raises: AccountUnknownError."""
    from api.access.account_store import AccountUnknownError

    accounts: list[dict[str, Any]] = client.get("/accounts")
    for account in accounts:
        if account["name"] == name:
            return account
    raise AccountUnknownError(f"There is no account {name!r}.", remedy="List the accounts: clearglass account list")


def _row(account: dict[str, Any]) -> dict[str, Any]:
    """An account for people."""
    return {
        "name": account["name"],
        "role": account["role"],
        "closed": "closed" if account["disabled_at"] else "",
        "password": "to be changed" if account["must_change"] else "",
        "second_factor": "yes" if account["second_factor"] else "",
    }


def _secret(what: str, *, confirmed: bool = False) -> str:
    """Prompts at a terminal; else reads the next line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, confirmation_prompt=confirmed))
    return sys.stdin.readline().rstrip("\n")
