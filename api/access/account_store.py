"""Accounts and tokens in the database. Secrets are stored as digests only."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.access.account import Account, Token
from api.permission import Role
from matcher.errors import ClearglassError
from matcher.store import tables

ACCOUNTS = select(tables.account, tables.second_factor.c.sealed_secret.is_not(None).label("second_factor")).select_from(
    tables.account.outerjoin(tables.second_factor)
)
"""The query of accounts, with a column that is true if the account has a second factor."""


class AccountUnknownError(ClearglassError):
    """No account, or no token, has this id."""

    code: ClassVar[str] = "account_unknown"


class TokenUnknownError(ClearglassError):
    """No token has this id."""

    code: ClassVar[str] = "token_unknown"


class AccountExistsError(ClearglassError):
    """The name is taken."""

    code: ClassVar[str] = "account_exists"


def insert_account(connection: Connection, account: Account, password_hash: str) -> None:
    """Raises: AccountExistsError."""
    try:
        connection.execute(
            insert(tables.account).values(
                id=account.id,
                name=account.name,
                role=account.role.value,
                password_hash=password_hash,
                created_at=account.created_at,
                must_change=account.must_change,
            )
        )
    except IntegrityError as error:
        raise AccountExistsError("There is an account of this name already.", remedy="Choose another.") from error


def select_accounts(connection: Connection) -> list[Account]:
    """Every account, in the order of their names, disabled ones too."""
    return [account_of(row) for row in connection.execute(ACCOUNTS.order_by(tables.account.c.name))]


def select_account(connection: Connection, account_id: str) -> Account:
    """Raises: AccountUnknownError."""
    row = connection.execute(ACCOUNTS.where(tables.account.c.id == account_id)).one_or_none()
    if row is None:
        raise AccountUnknownError("There is no such account.", remedy="List the accounts to find its id.")
    return account_of(row)


def select_account_named(connection: Connection, name: str) -> Account:
    """Raises: AccountUnknownError."""
    row = connection.execute(ACCOUNTS.where(tables.account.c.name == name)).one_or_none()
    if row is None:
        raise AccountUnknownError(f"There is no account {name!r}.", remedy="List the accounts: clearglass account list")
    return account_of(row)


def select_login(connection: Connection, name: str) -> tuple[Account, str] | None:
    """The account of this name that is not disabled, and its password's hash."""
    row = connection.execute(
        ACCOUNTS.where(tables.account.c.name == name, tables.account.c.disabled_at.is_(None))
    ).one_or_none()
    return None if row is None or row.password_hash is None else (account_of(row), str(row.password_hash))


def update_password(connection: Connection, account_id: str, password_hash: str, *, must_change: bool) -> None:
    """Replaces an account's password."""
    connection.execute(
        update(tables.account)
        .where(tables.account.c.id == account_id)
        .values(password_hash=password_hash, must_change=must_change)
    )


def disable_account(connection: Connection, account_id: str, moment: datetime) -> None:
    """Disables the account: its password, its sessions and its tokens."""
    connection.execute(
        update(tables.account).where(tables.account.c.id == account_id).values(disabled_at=moment, password_hash=None)
    )
    connection.execute(delete(tables.session).where(tables.session.c.account_id == account_id))
    connection.execute(
        update(tables.token)
        .where(tables.token.c.account_id == account_id, tables.token.c.revoked_at.is_(None))
        .values(revoked_at=moment)
    )


def insert_token(connection: Connection, token: Token, digest: str) -> None:
    """Adds a token under the digest of its secret."""
    connection.execute(
        insert(tables.token).values(
            id=token.id,
            account_id=token.account_id,
            name=token.name,
            digest=digest,
            created_at=token.created_at,
            expires_at=token.expires_at,
        )
    )


def select_tokens(connection: Connection, account_id: str) -> list[Token]:
    """Every token of an account, newest first, ended ones too."""
    rows = connection.execute(
        select(tables.token).where(tables.token.c.account_id == account_id).order_by(tables.token.c.created_at.desc())
    )
    return [_token(row) for row in rows]


def select_token_account(connection: Connection, digest: str, moment: datetime) -> tuple[Account, str] | None:
    """The account behind a token that is neither revoked nor expired, and the token's id."""
    row = connection.execute(
        ACCOUNTS.add_columns(tables.token.c.id.label("token_id"))
        .join(tables.token, tables.token.c.account_id == tables.account.c.id)
        .where(
            tables.token.c.digest == digest,
            tables.token.c.expires_at > moment,
            tables.token.c.revoked_at.is_(None),
            tables.account.c.disabled_at.is_(None),
        )
    ).one_or_none()
    return None if row is None else (account_of(row), str(row.token_id))


def revoke_token(connection: Connection, token_id: str, moment: datetime) -> Token:
    """Ends a token and returns it. A second time changes nothing. Raises: TokenUnknownError."""
    chosen = tables.token.c.id == token_id
    connection.execute(
        update(tables.token).where(chosen, tables.token.c.revoked_at.is_(None)).values(revoked_at=moment)
    )
    row = connection.execute(select(tables.token).where(chosen)).one_or_none()
    if row is None:
        raise TokenUnknownError("There is no such token.", remedy="List the account's tokens to find its id.")
    return _token(row)


def revoke_tokens_after(connection: Connection, moment: datetime) -> list[Token]:
    """Ends the tokens that were issued while the clock ran ahead, which would be valid for too long; returns them."""
    chosen = (tables.token.c.created_at > moment, tables.token.c.revoked_at.is_(None))
    tokens = [_token(row) for row in connection.execute(select(tables.token).where(*chosen))]
    connection.execute(update(tables.token).where(*chosen).values(revoked_at=moment))
    return tokens


def account_of(row: Row[Any]) -> Account:
    """The account of a row of ACCOUNTS, which may have more columns."""
    values = row._mapping
    return Account(
        id=values["id"],
        name=values["name"],
        role=Role(values["role"]),
        created_at=values["created_at"],
        disabled_at=values["disabled_at"],
        must_change=values["must_change"],
        second_factor=bool(values["second_factor"]),
    )


def _token(row: Row[Any]) -> Token:
    values = row._mapping
    return Token(
        id=values["id"],
        account_id=values["account_id"],
        name=values["name"],
        created_at=values["created_at"],
        expires_at=values["expires_at"],
        revoked_at=values["revoked_at"],
    )
