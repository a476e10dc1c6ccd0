"""The administration of accounts and their tokens. Every change is logged."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import ClassVar

from api.access import account_store as store
from api.access.account import Account, IssuedToken, Token
from api.access.account_name import fit_name, require_distinct
from api.access.passwords import HashCost, hash_password, require_strong
from api.access.session_store import delete_sessions
from api.permission import Role
from api.settings import ApiSettings
from matcher.clock import Clock
from matcher.errors import ClearglassError
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.store.database import Database

__all__ = ["Account", "Accounts", "Role"]

TOKEN_PREFIX = "cgt_"  # noqa: S105 - how a token begins, so that a secret scanner knows one when it sees it


class LastAdministratorError(ClearglassError):
    """The account is the last administrator, without which no account could be managed any more."""

    code: ClassVar[str] = "last_administrator"


class Accounts:
    """The accounts of one installation. Thread-safe."""

    def __init__(
        self, database: Database, log: AuditLog, settings: ApiSettings, clock: Clock, *, hash_cost: HashCost
    ) -> None:
        self._database = database
        self._log = log
        self._settings = settings
        self._clock = clock
        self._hash_cost = hash_cost

    def create(self, *, name: str, password: str, role: Role, actor: str = "cli", must_change: bool = False) -> Account:
        """Adds an account. must_change: true if its owner must change the password at the first login.

        Raises: AccountInvalidError, WeakPasswordError, AccountExistsError, LookAlikeError.
        """
        name = fit_name(name)
        require_strong(password, name=name)
        hashed = hash_password(password, self._hash_cost)
        account = Account(id=str(uuid.uuid4()), name=name, role=role, created_at=self._clock(), must_change=must_change)
        with self._log.writing() as connection:
            require_distinct(name, (other.name for other in store.select_accounts(connection)))
            store.insert_account(connection, account, hashed)
            body = {"action": "created", "account": account.id, "role": role.value, "actor": actor}
            self._log.append(connection, EntryKind.ACCOUNT, body)
        return account

    def list(self) -> Sequence[Account]:
        """Every account by name, disabled ones too."""
        with self._database.reading() as connection:
            return store.select_accounts(connection)

    def get(self, account_id: str) -> Account:
        """Raises: AccountUnknownError."""
        with self._database.reading() as connection:
            return store.select_account(connection, account_id)

    def named(self, name: str) -> Account:
        """Raises: AccountUnknownError."""
        with self._database.reading() as connection:
            return store.select_account_named(connection, name)

    def set_password(self, account_id: str, password: str, *, actor: str, must_change: bool = True) -> None:
        """Sets a password for its owner and ends the account's sessions; its tokens stay.

        Raises: AccountUnknownError, WeakPasswordError.
        """
        require_strong(password, name=self.get(account_id).name)
        hashed = hash_password(password, self._hash_cost)
        with self._log.writing() as connection:
            _require_open(store.select_account(connection, account_id))
            store.update_password(connection, account_id, hashed, must_change=must_change)
            delete_sessions(connection, account_id)
            body = {"action": "password_set", "account": account_id, "actor": actor}
            self._log.append(connection, EntryKind.CREDENTIAL, body)

    def disable(self, account_id: str, *, actor: str) -> None:
        """Closes an account permanently, with its sessions and tokens.

        Raises: AccountUnknownError, LastAdministratorError.
        """
        with self._log.writing() as connection:
            account = store.select_account(connection, account_id)
            if account.disabled_at is not None:
                return
            _require_not_last(account, store.select_accounts(connection))
            store.disable_account(connection, account_id, self._clock())
            body = {"action": "disabled", "account": account_id, "actor": actor}
            self._log.append(connection, EntryKind.ACCOUNT, body)

    def issue_token(self, account_id: str, *, name: str, actor: str, days: int | None = None) -> IssuedToken:
        """Makes a token that is valid for `days` (the settings' token_days if None). Raises: AccountUnknownError."""
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        now = self._clock()
        token = Token(
            id=str(uuid.uuid4()),
            account_id=account_id,
            name=name,
            created_at=now,
            expires_at=now + timedelta(days=days or self._settings.token_days),
        )
        with self._log.writing() as connection:
            _require_open(store.select_account(connection, account_id))
            store.insert_token(connection, token, _digest(secret))
            self._log.append(connection, EntryKind.ACCOUNT, _of_token("token_issued", token, actor))
        return IssuedToken(token=token, secret=secret)

    def tokens(self, account_id: str) -> Sequence[Token]:
        """An account's tokens, newest first. Raises: AccountUnknownError."""
        with self._database.reading() as connection:
            store.select_account(connection, account_id)
            return store.select_tokens(connection, account_id)

    def revoke_token(self, token_id: str, *, actor: str) -> None:
        """Ends a token at once. Raises: TokenUnknownError."""
        with self._log.writing() as connection:
            token = store.revoke_token(connection, token_id, self._clock())
            self._log.append(connection, EntryKind.ACCOUNT, _of_token("token_revoked", token, actor))


def _require_open(account: Account) -> None:
    if account.disabled_at is not None:
        raise store.AccountUnknownError("The account is disabled.", remedy="Make a new account.")


def _require_not_last(account: Account, accounts: Iterable[Account]) -> None:
    administrators = [one for one in accounts if one.role is Role.ADMINISTRATOR and one.disabled_at is None]
    if account in administrators and len(administrators) == 1:
        raise LastAdministratorError(
            f"{account.name} is the last administrator: without this account nobody could manage accounts.",
            remedy="Add another administrator first.",
        )


def _of_token(action: str, token: Token, actor: str) -> dict[str, str]:
    return {"action": action, "account": token.account_id, "token": token.id, "actor": actor}


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
