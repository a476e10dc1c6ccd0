"""The second factor: codes by time (TOTP, RFC 6238), and recovery codes for people who have lost the device."""

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from api.access import second_factor_store as store
from api.access.account import Account
from api.access.account_store import select_account
from api.access.session_store import delete_sessions
from matcher.clock import Clock
from matcher.errors import ClearglassError
from matcher.log.actor import Actor
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.store.database import Database
from matcher.store.errors import StoreError
from matcher.store.sealing import MasterKey

RECOVERY_CODES = 10
_STEP_SECONDS = 30
_DRIFT = 1
"""The greatest difference of the device's clock, in steps of 30 s."""
_ISSUER = "Clearglass"


class Shown(StrEnum):
    """The kind of a code that was given with the password."""

    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"


class CodeRefusedError(ClearglassError):
    """The code is not that of the secret that was shown, or no secret was shown."""

    code: ClassVar[str] = "code_refused"

    def __init__(self) -> None:
        super().__init__(
            "The code does not belong to the secret that was shown.",
            remedy="Type the code that the device shows now; check that its clock is right.",
        )


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A new secret in the forms for a device. uri: the content of its QR code. squares: the rows of the QR code, 1 is
    dark."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    squares: list[str] = field(repr=False)


class SecondFactors:
    """The second factors of one installation. Thread-safe."""

    def __init__(self, database: Database, log: AuditLog, master_key: MasterKey, clock: Clock) -> None:
        self._database = database
        self._log = log
        self._master_key = master_key
        self._clock = clock
        self._lock = threading.Lock()
        self._unkept: dict[str, int] = {}
        """By account, the last step whose code was accepted while the log could not be written."""

    def offer(self, account: Account) -> Offer:
        """Makes a secret that becomes the account's when `confirm` is called with a code of it; the earlier one is
        valid until then."""
        import pyotp
        import segno

        secret = pyotp.random_base32()
        sealed = self._master_key.seal(secret.encode(), context=_context(account.id))
        with self._database.writing() as connection:
            store.keep_offer(connection, account.id, sealed)
        uri = pyotp.TOTP(secret).provisioning_uri(name=account.name, issuer_name=_ISSUER)
        rows = segno.make(uri, micro=False).matrix_iter(border=4)
        return Offer(secret=secret, uri=uri, squares=["".join("1" if dark else "0" for dark in row) for row in rows])

    def confirm(self, account: Account, code: str, *, actor: Actor, session_id: str) -> list[str]:
        """Puts the secret in force; returns the account's recovery codes, which are never shown again. From now on each
        login needs a code; other sessions end.

        Raises: CodeRefusedError.
        """
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        with self._log.writing() as connection:
            sealed = store.select_offer(connection, account.id)
            step = None if sealed is None else self._step_of(sealed, account.id, code)
            if step is None:
                raise CodeRefusedError
            store.take_offer(connection, account.id, step, map(_digest, codes))
            delete_sessions(connection, account.id, but=session_id)
            body = {"action": "second_factor_enrolled", "account": account.id, "actor": actor}
            self._log.append(connection, EntryKind.CREDENTIAL, body)
        return codes

    def accept(self, account_id: str, code: str) -> Shown | None:
        """The kind of the code, which is then used up: neither kind is accepted twice. None if it is wrong. While the
        log cannot be written, used codes by time are kept in memory, and recovery codes are refused.
        """
        try:
            with self._database.writing() as connection:
                step = self._later_step(store.select_factor(connection, account_id), account_id, code)
                if step is not None:
                    store.update_step(connection, account_id, step)
                    return Shown.TOTP
                used = store.take_recovery_code(connection, account_id, _digest(code))
                return Shown.RECOVERY_CODE if used else None
        except StoreError:
            with self._lock, self._database.reading() as connection:
                step = self._later_step(store.select_factor(connection, account_id), account_id, code)
                if step is None:
                    return None
                self._unkept[account_id] = step
                return Shown.TOTP

    def _later_step(self, kept: store.Kept | None, account_id: str, code: str) -> int | None:
        """The step of this code, if it is later than that of every accepted code."""
        if kept is None:
            return None
        step = self._step_of(kept.sealed_secret, account_id, code)
        return step if step is not None and step > max(kept.last_step, self._unkept.get(account_id, 0)) else None

    def recovery_codes_left(self, account_id: str) -> int:
        """The number of unused recovery codes."""
        with self._database.reading() as connection:
            return store.count_recovery_codes(connection, account_id)

    def reset(self, account_id: str, *, actor: str) -> None:
        """Removes the second factor, its recovery codes and every session. Raises: AccountUnknownError."""
        with self._log.writing() as connection:
            select_account(connection, account_id)
            store.delete_factor(connection, account_id)
            delete_sessions(connection, account_id)
            body = {"action": "second_factor_reset", "account": account_id, "actor": actor}
            self._log.append(connection, EntryKind.CREDENTIAL, body)

    def _step_of(self, sealed: bytes, account_id: str, code: str) -> int | None:
        """The step of this code, if it is near the present one."""
        import pyotp

        secret = self._master_key.open(sealed, context=_context(account_id)).decode()
        totp, now = pyotp.TOTP(secret, interval=_STEP_SECONDS), int(self._clock().timestamp()) // _STEP_SECONDS
        sent = _plain(code).encode()
        steps = range(now + _DRIFT, now - _DRIFT - 1, -1)
        return next((step for step in steps if hmac.compare_digest(totp.generate_otp(step).encode(), sent)), None)


def _context(account_id: str) -> str:
    return f"second_factor:{account_id}"


def _recovery_code() -> str:
    """80 random bits in four groups: too many to be guessed, so that a plain digest of it may be kept."""
    import base64

    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _plain(code: str) -> str:
    """A code without the separators between its groups."""
    return code.replace(" ", "").replace("-", "").lower()


def _digest(code: str) -> str:
    return hashlib.sha256(_plain(code).encode()).hexdigest()
