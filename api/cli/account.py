"""`clearglass account`: who may log in."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.options import VIA, Data, Json, actor, opened
from api.cli.output import show, tell

if TYPE_CHECKING:
    from api.account import Account

app = typer.Typer(help="Who may log in to the dashboard and call the API.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The login.")]


@app.command()
def add(
    name: Name,
    data: Data,
    role: Annotated[str, typer.Option(help="operator, auditor, researcher or administrator.")] = "operator",
    json: Json = False,
) -> None:
    """Add an account. The password is asked for, or read from standard input where that is no terminal.

    The first account of a folder is taken for your own; the owner of any other must change the password at the first
    login.
    """
    from api.accounts import Role

    if role not in set(Role):
        raise typer.BadParameter(f"{role!r} is no role; there are: {', '.join(Role)}")
    password = _secret("Password", confirmed=True)
    with opened(data) as service:
        account = service.accounts.create(
            name=name,
            password=password,
            role=Role(role),
            actor=actor(),
            must_change=bool(service.accounts.list()),
        )
    change = " The password must be changed at the first login." if account.must_change else ""
    tell(_record(account), as_json=json, sentence=f"Added {account.role.value} {account.name}.{change}")


@app.command("list")
def list_(data: Data, json: Json = False) -> None:
    """List the accounts."""
    with opened(data) as service:
        rows = [_record(account) for account in service.accounts.list()]
    show(
        rows, as_json=json, title="Accounts", empty="No accounts yet: clearglass account add NAME --role administrator"
    )


@app.command()
def password(
    name: Name,
    data: Data,
    own: Annotated[
        bool, typer.Option("--own", help="It is your own: the present one is asked for, and the new one stays.")
    ] = False,
    json: Json = False,
) -> None:
    """Set an account's password, for somebody who has forgotten it. Every session of the account ends.

    The new password must be changed at the next login. With --own, the present password, the code where the account
    has a second factor, and the new password are asked for, or read from standard input, a line each.
    """
    from api.account import Principal
    from api.logins import Attempt

    with opened(data) as service:
        account = service.accounts.named(name)
        if own:
            present = _secret("Present password")
            code = _secret("Code") if account.second_factor else None
            attempt = Attempt(password=present, code=code, client=VIA)
            service.logins.change_password(
                Principal(account=account, via=VIA), attempt, _secret("New password", confirmed=True)
            )
        else:
            service.accounts.set_password(account.id, _secret("New password", confirmed=True), actor=actor())
        account = service.accounts.get(account.id)
    sentence = f"The password of {account.name} is changed."
    if account.must_change:
        sentence += " It must be changed at the next login."
    tell(_record(account), as_json=json, sentence=sentence)


@app.command()
def remove(name: Name, data: Data, json: Json = False) -> None:
    """Close an account for good, with its sessions and tokens. Its name is not given to another."""
    with opened(data) as service:
        account = service.accounts.named(name)
        service.accounts.disable(account.id, actor=actor())
        account = service.accounts.get(account.id)
    tell(_record(account), as_json=json, sentence=f"Closed the account {account.name}.")


@app.command("reset-second-factor")
def reset_second_factor(name: Name, data: Data, json: Json = False) -> None:
    """Take an account's second factor away, for somebody who lost the device and the recovery codes."""
    with opened(data) as service:
        account = service.accounts.named(name)
        service.second_factors.reset(account.id, actor=actor())
        account = service.accounts.get(account.id)
    tell(_record(account), as_json=json, sentence=f"{account.name} has no second factor any more.")


def _record(account: "Account") -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "role": account.role.value,
        "closed": account.disabled_at is not None,
        "must_change": account.must_change,
        "second_factor": account.second_factor,
    }


def _secret(what: str, *, confirmed: bool = False) -> str:
    """Asked for at a terminal, else the next line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, confirmation_prompt=confirmed))
    return sys.stdin.readline().rstrip("\n")
