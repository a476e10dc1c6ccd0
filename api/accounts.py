"""Who may come in: accounts with passwords, browsers' sessions, programs' tokens. Every change and login is logged."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import ClassVar

from api import account_store as store
from api.account import Account, IssuedToken, Principal, Session, Token
from api.emergency import UNWRITABLE, EmergencySessions
from api.passwords import decoy_hash, hash_password, password_matches
from api.permission import Role
from api.settings import ApiSettings
from api.slots import BusyError
from api.throttle import LoginThrottle
from matcher.audit.entry import EntryKind
from matcher.audit.log import AuditLog
from matcher.clock import Clock
from matcher.errors import ClearglassError
from matcher.store.database import Database

__all__ = ["Account", "Accounts", "LoginRefusedError", "Role"]

TOKEN_PREFIX = "cgt_"  # noqa: S105 - how a token begins, so that a secret scanner knows one when it sees it
MAX_NAME = 100
_LOOSER = 10


class AccountInvalidError(ClearglassError):
    """An account's name is not one."""

    code: ClassVar[str] = "account_invalid"


class LoginRefusedError(ClearglassError):
    """Name and password do not belong together. Says not which is wrong."""

    code: ClassVar[str] = "login_refused"


class Accounts:
    """The accounts of one installation. Thread-safe."""

    def __init__(self, database: Database, log: AuditLog, settings: ApiSettings, clock: Clock) -> None:
        self._database = database
        self._log = log
        self._settings = settings
        self._clock = clock
        window = settings.login_window_seconds
        self._by_pair = LoginThrottle(settings.login_attempts, window)
        # Many people may stand behind one address, and nobody is to be locked out by a stranger's few guesses.
        self._by_address = LoginThrottle(settings.login_attempts * _LOOSER, window)
        self._by_name = LoginThrottle(settings.login_attempts * _LOOSER, window)
        self._decoy: str | None = None
        self._emergency = EmergencySessions(log, clock)

    def create(self, *, name: str, password: str, role: Role, actor: str = "cli") -> Account:
        """Adds an account. Raises: AccountInvalidError, WeakPasswordError, AccountExistsError."""
        name = name.strip()
        if not 0 < len(name) <= MAX_NAME or not name.isprintable():
            raise AccountInvalidError(
                f"An account's name must be 1 to {MAX_NAME} printable characters.", remedy="Give another name."
            )
        hashed = hash_password(password)
        account = Account(id=str(uuid.uuid4()), name=name, role=role, created_at=self._clock())
        with self._log.writing() as connection:
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

    def disable(self, account_id: str, *, actor: str) -> None:
        """Closes an account for good, with its sessions and tokens. Raises: AccountUnknownError."""
        with self._log.writing() as connection:
            account = store.select_account(connection, account_id)
            if account.disabled_at is not None:
                return
            store.disable_account(connection, account_id, self._clock())
            body = {"action": "disabled", "account": account_id, "actor": actor}
            self._log.append(connection, EntryKind.ACCOUNT, body)

    def log_in(self, name: str, password: str, *, client: str) -> Session:
        """Begins a session. client: the address the attempt comes from. While nothing can be logged an administrator
        gets an emergency session; everybody else is refused as the log refuses.

        Raises: LoginRefusedError, TooManyLoginsError, BusyError. Accepted and refused attempts are logged, throttled
        ones are not, so that nobody can fill the log by guessing; nor is the name, for people type passwords there.
        """
        pair = f"{name}\0{client}"
        throttles = ((self._by_address, client), (self._by_pair, pair), (self._by_name, name))
        for throttle, key in throttles:
            throttle.start(key)
        with self._database.reading() as connection:
            found = store.select_login(connection, name)
        try:
            decoy = self._decoy_hash()
            matches = password_matches(decoy if found is None else found[1], password)
        except BusyError:
            _forgive(throttles)
            raise
        if found is None or not matches:
            body = {"outcome": "refused", "account": None if found is None else found[0].id}
            self._log.record(EntryKind.LOGIN, body)
            raise LoginRefusedError("Name and password do not fit.", remedy="Check both and try again.")
        session = self._begin(found[0])
        _forgive(throttles)
        return session

    def log_out(self, secret: str) -> None:
        """Ends a session."""
        if self._emergency.end(_digest(secret)):
            return
        with self._log.writing() as connection:
            store.delete_session(connection, _digest(secret))

    def by_session(self, secret: str) -> Principal | None:
        """Who a session's cookie belongs to; None if it has ended or never was."""
        self._emergency.settle()
        emergency = self._emergency.principal(_digest(secret))
        if emergency is not None:
            return emergency
        with self._database.reading() as connection:
            found = store.select_session(connection, _digest(secret), self._clock())
        return None if found is None else Principal(account=found[0], csrf=found[1])

    def by_token(self, secret: str) -> Principal | None:
        """Who a token belongs to; None if it is revoked, expired or never was.

        The secret is looked up by its SHA-256: what timing tells of a digest says nothing of 256 random bits.
        """
        with self._database.reading() as connection:
            found = store.select_token_account(connection, _digest(secret), self._clock())
        return None if found is None else Principal(account=found)

    def issue_token(self, account_id: str, *, name: str, actor: str, days: int | None = None) -> IssuedToken:
        """Makes a token that holds for `days` (the settings' token_days if None). Raises: AccountUnknownError."""
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
            account = store.select_account(connection, account_id)
            if account.disabled_at is not None:
                raise store.AccountUnknownError("The account is disabled.", remedy="Make a new account.")
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

    def settle(self) -> None:
        """Logs the logins that could not be logged when they were, as far as the log can be written now."""
        self._emergency.settle(at_once=True)

    def _begin(self, account: Account) -> Session:
        now = self._clock()
        secret, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        expires_at = now + timedelta(hours=self._settings.session_hours)
        session = Session(account=account, secret=secret, csrf=csrf, expires_at=expires_at)
        try:
            with self._log.writing() as connection:
                store.insert_session(
                    connection,
                    digest=_digest(secret),
                    account_id=account.id,
                    csrf=csrf,
                    created_at=now,
                    expires_at=expires_at,
                )
                body = {"outcome": "accepted", "account": account.id, "role": account.role.value}
                self._log.append(connection, EntryKind.LOGIN, body)
        except UNWRITABLE:
            emergency = self._emergency.begin(session, digest=_digest(secret))
            if emergency is None:
                raise
            return emergency
        self._emergency.settle(at_once=True)
        return session

    def _decoy_hash(self) -> str:
        if self._decoy is None:
            self._decoy = decoy_hash()
        return self._decoy


def _forgive(throttles: Iterable[tuple[LoginThrottle, str]]) -> None:
    for throttle, key in throttles:
        throttle.forgive(key)


def _of_token(action: str, token: Token, actor: str) -> dict[str, str]:
    return {"action": action, "account": token.account_id, "token": token.id, "actor": actor}


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
