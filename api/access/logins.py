"""Logins: passwords, second factors, browsers' sessions, programs' tokens; and limits of wrong attempts."""

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from api.access import account_store, session_store
from api.access.account import Account, Duty, Principal, Session
from api.access.device import Devices
from api.access.emergency import UNWRITABLE, EmergencySessions
from api.access.login_metrics import LoginMetrics, LoginOutcome
from api.access.passwords import HashCost, decoy_hash, hash_password, password_matches, require_strong
from api.access.second_factor import SecondFactors, Shown
from api.access.throttle import LoginThrottle, TooManyLoginsError
from api.settings import ApiSettings
from api.slots import BusyError
from matcher.clock import Clock
from matcher.errors import ClearglassError
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.store.database import Database
from matcher.store.errors import StoreError
from matcher.store.sealing import MasterKey

_LOOSER = 10
_USE_NOTED_EVERY = timedelta(minutes=1)
"""The least seconds between two writes of a session's last use."""


class LoginRefusedError(ClearglassError):
    """Name and password do not belong together; the error does not state which one is wrong."""

    code: ClassVar[str] = "login_refused"


class SecondFactorRequiredError(ClearglassError):
    """Name and password are right, and the account has a second factor."""

    code: ClassVar[str] = "second_factor_required"


class SecondFactorRefusedError(ClearglassError):
    """Name and password are right, and the code is not, or it was used before."""

    code: ClassVar[str] = "second_factor_refused"


class ProofRefusedError(ClearglassError):
    """A logged-in person did not give the present password, or the code, for a change of either."""

    code: ClassVar[str] = "proof_refused"


class SamePasswordError(ClearglassError):
    """The new password is the present one."""

    code: ClassVar[str] = "same_password"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """The credentials of a login. client: the address that it comes from. devices: the values of the browser's device
    cookies, by account id."""

    password: str = field(repr=False)
    client: str
    code: str | None = field(default=None, repr=False)
    devices: Mapping[str, str] = field(default_factory=dict, repr=False)


_Counted = tuple[tuple[LoginThrottle, str], ...]


class Logins:
    """Logins and tokens of one installation. Thread-safe."""

    def __init__(
        self,
        database: Database,
        log: AuditLog,
        *,
        factors: SecondFactors,
        master_key: MasterKey,
        settings: ApiSettings,
        metrics: LoginMetrics,
        clock: Clock,
        hash_cost: HashCost,
    ) -> None:
        self._database = database
        self._log = log
        self._factors = factors
        self._devices = Devices(master_key, days=settings.device_days, clock=clock)
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._hash_cost = hash_cost
        attempts, window = settings.login_attempts, settings.login_window_seconds
        self._by_pair = LoginThrottle(attempts, window)
        self._by_device = LoginThrottle(attempts, window)
        # Many people may share one address, and a stranger's few guesses must not lock them out.
        self._by_address = LoginThrottle(attempts * _LOOSER, window)
        self._by_name = LoginThrottle(attempts * _LOOSER, window)
        self._by_code = LoginThrottle(attempts, window)
        self._decoy: str | None = None
        self._emergency = EmergencySessions(log, clock)

    def log_in(self, name: str, attempt: Attempt) -> Session:
        """Begins a session. While nothing can be logged an administrator gets an emergency session; every other account
        gets the log's error. Accepted and refused attempts are logged. Throttled ones are not, so that guessing cannot
        fill the log; the name is not either, because people type passwords there. Raises: LoginRefusedError,
        SecondFactorRequiredError, SecondFactorRefusedError, TooManyLoginsError, BusyError.
        """
        with self._database.reading() as connection:
            found = account_store.select_login(connection, name)
        device = self._device(found, attempt)
        counted = self._start(name, device, attempt)
        account = self._with_password(found, attempt)
        if account is None or found is None:
            self._refuse(LoginOutcome.CREDENTIALS, None if found is None else found[0].id)
            raise LoginRefusedError("Name and password do not fit.", remedy="Check both and try again.")
        more: dict[str, str] = {}
        if account.second_factor:
            if attempt.code is None:
                _forgive(counted)
                raise SecondFactorRequiredError(
                    "This account has a second factor.", remedy="Send the code that your device shows as well."
                )
            counted += self._count_code(account, device)
            more = {"second_factor": self._code_shown(account, attempt.code).value}
        session = self._begin(account, found[1], more)
        _forgive(counted)
        self._metrics.count(LoginOutcome.ACCEPTED)
        return session

    def turned_away(self) -> None:
        """Counts an attempt that was refused before it began: too many were made at that moment."""
        self._metrics.count(LoginOutcome.BUSY)

    def log_out(self, secret: str) -> None:
        """Ends a session."""
        if self._emergency.end(_digest(secret)):
            return
        with self._log.writing() as connection:
            session_store.delete_session(connection, _digest(secret))

    def by_session(self, secret: str) -> Principal | None:
        """The principal of a session's cookie; None if the session has ended or never was."""
        digest, moment = _digest(secret), self._clock()
        self._emergency.settle()
        emergency = self._emergency.principal(digest)
        if emergency is not None:
            return emergency
        idle = timedelta(minutes=self._settings.session_idle_minutes)
        with self._database.reading() as connection:
            found = session_store.select_session(connection, digest, moment, idle)
        if found is None:
            return None
        return Principal(
            account=found.account,
            via=f"session:{found.id}",
            csrf=found.csrf,
            used_at=found.used_at,
            duty=self._duty(found.account),
        )

    def by_token(self, secret: str) -> Principal | None:
        """The principal of a token; None if it is revoked, expired or never existed. The secret is looked up by its
        SHA-256: the timing of a digest's comparison reveals nothing about 256 random bits.
        """
        with self._database.reading() as connection:
            found = account_store.select_token_account(connection, _digest(secret), self._clock())
        return None if found is None else Principal(account=found[0], via=f"token:{found[1]}")

    def settle(self) -> None:
        """Logs the pending logins of emergency sessions, if the log can be written now."""
        self._emergency.settle(at_once=True)

    def note_use(self, principal: Principal) -> None:
        """Records that a person has used the session, which prolongs it. Does nothing for a token."""
        now = self._clock()
        if principal.used_at is None or now - principal.used_at < _USE_NOTED_EVERY:
            return
        # A use that cannot be recorded does not prolong the session; its pages show until its end why nothing can be
        # written.
        with suppress(StoreError), self._database.writing() as connection:
            session_store.update_used(connection, principal.session_id, now)

    def prove(self, principal: Principal, attempt: Attempt) -> None:
        """Checks that the account's owner makes the change, and not another person at an open browser. Attempts count
        as logins do. Raises: ProofRefusedError, TooManyLoginsError, BusyError.
        """
        account = principal.account
        with self._database.reading() as connection:
            found = account_store.select_login(connection, account.name)
        device = self._device(found, attempt)
        counted = self._start(account.name, device, attempt)
        if self._with_password(found, attempt) is None:
            self._refuse(LoginOutcome.CREDENTIALS, account.id, via=principal.via)
            raise ProofRefusedError("The present password is wrong.", remedy="Correct it and try again.")
        if account.second_factor:
            counted += self._count_code(account, device)
            if self._factors.accept(account.id, attempt.code or "") is None:
                self._refuse(LoginOutcome.SECOND_FACTOR, account.id, via=principal.via, second_factor="wrong")
                raise ProofRefusedError("The code is wrong, or was used before.", remedy="Correct it and try again.")
        _forgive(counted)

    def change_password(self, principal: Principal, attempt: Attempt, new: str) -> str:
        """Changes the caller's own password and ends every other session; returns the new value for the device's
        cookie.

        Raises: WeakPasswordError, SamePasswordError, and as `prove` does.
        """
        account = principal.account
        require_strong(new, name=account.name)
        if new == attempt.password:
            raise SamePasswordError("The new password is the present one.", remedy="Choose another.")
        self.prove(principal, attempt)
        hashed = hash_password(new, self._hash_cost)
        with self._log.writing() as connection:
            account_store.update_password(connection, account.id, hashed, must_change=False)
            session_store.delete_sessions(connection, account.id, but=principal.session_id)
            body = {"action": "password_changed", "account": account.id, "actor": principal.actor}
            self._log.append(connection, EntryKind.CREDENTIAL, body)
        return self._devices.issue(account.id, hashed)

    def _device(self, found: tuple[Account, str] | None, attempt: Attempt) -> str | None:
        """The id of a device on which this account has logged in before."""
        if found is None:
            return None
        account, password_hash = found
        return self._devices.known(attempt.devices.get(account.id), account.id, password_hash)

    def _start(self, name: str, device: str | None, attempt: Attempt) -> _Counted:
        """Counts the attempt before the password is checked. Raises: TooManyLoginsError. On a device where this account
        has logged in before only wrong attempts on this device count.
        """
        if device is not None:
            return self._count(((self._by_device, device),))
        return self._count(
            (
                (self._by_address, attempt.client),
                (self._by_pair, f"{name}\0{attempt.client}"),
                (self._by_name, name),
            )
        )

    def _count_code(self, account: Account, device: str | None) -> _Counted:
        """All unknown devices share one count, because a code is one of a million from any device."""
        return self._count(((self._by_code, f"{account.id}\0{device or ''}"),))

    def _count(self, counted: _Counted) -> _Counted:
        try:
            for throttle, key in counted:
                throttle.start(key)
        except TooManyLoginsError:
            self._metrics.count(LoginOutcome.THROTTLED)
            raise
        return counted

    def _with_password(self, found: tuple[Account, str] | None, attempt: Attempt) -> Account | None:
        """The account if the password is right. Raises: BusyError; such an attempt stays counted too."""
        try:
            if self._decoy is None:
                self._decoy = decoy_hash(self._hash_cost)
            matches = password_matches(self._decoy if found is None else found[1], attempt.password)
        except BusyError:
            self._metrics.count(LoginOutcome.BUSY)
            raise
        return found[0] if found is not None and matches else None

    def _code_shown(self, account: Account, code: str) -> Shown:
        """Raises: SecondFactorRefusedError."""
        shown = self._factors.accept(account.id, code)
        if shown is None:
            self._refuse(LoginOutcome.SECOND_FACTOR, account.id, second_factor="wrong")
            raise SecondFactorRefusedError(
                "The code is wrong, or was used before.",
                remedy="Type the code that the device shows now, or a recovery code that was not used yet.",
            )
        return shown

    def _refuse(self, reason: LoginOutcome, account_id: str | None, **more: str) -> None:
        self._metrics.count(reason)
        self._log.record(EntryKind.LOGIN, {"action": "refused", "account": account_id, **more})

    def _begin(self, account: Account, password_hash: str, more: Mapping[str, Any]) -> Session:
        now = self._clock()
        session = Session(
            account=account,
            id=str(uuid.uuid4()),
            secret=secrets.token_urlsafe(32),
            csrf=secrets.token_urlsafe(32),
            device=self._devices.issue(account.id, password_hash),
            expires_at=now + timedelta(hours=self._settings.session_hours),
            duty=self._duty(account),
        )
        try:
            self._log_in(session, now, more)
        except UNWRITABLE:
            emergency = self._emergency.begin(session, digest=_digest(session.secret))
            if emergency is None:
                raise
            return emergency
        self._emergency.settle(at_once=True)
        return session

    def _log_in(self, session: Session, moment: datetime, more: Mapping[str, Any]) -> None:
        account = session.account
        with self._log.writing() as connection:
            session_store.insert_session(
                connection,
                session_id=session.id,
                digest=_digest(session.secret),
                account_id=account.id,
                csrf=session.csrf,
                created_at=moment,
                expires_at=session.expires_at,
            )
            body = {"action": "accepted", "account": account.id, "role": account.role.value}
            self._log.append(connection, EntryKind.LOGIN, {**body, **more, "via": session.principal.via})

    def _duty(self, account: Account) -> Duty | None:
        if account.must_change:
            return Duty.PASSWORD
        required = account.role in self._settings.second_factor_roles
        return Duty.SECOND_FACTOR if required and not account.second_factor else None


def _forgive(counted: _Counted) -> None:
    for throttle, key in counted:
        throttle.forgive(key)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
