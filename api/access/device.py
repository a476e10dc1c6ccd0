"""Recognises a device on which an account has logged in before, by a signed value in a cookie: other people's wrong
logins do not lock it out. The cookie does not log in: password and code are needed as on any other device.
"""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

from matcher.clock import Clock
from matcher.store.sealing import MasterKey

_PURPOSE = "clearglass device cookie"


class Devices:
    """Makes and checks the values. They expire, and become invalid when the account's password changes."""

    def __init__(self, master_key: MasterKey, *, days: int, clock: Clock) -> None:
        self._key = master_key.derived(_PURPOSE)
        self._days = days
        self._clock = clock

    def issue(self, account_id: str, password_hash: str) -> str:
        """The value for a device on which this account has just logged in."""
        until = self._clock() + timedelta(days=self._days)
        said = f"{secrets.token_hex(16)}.{int(until.timestamp())}"
        return f"{said}.{self._mac(said, account_id, password_hash)}"

    def known(self, value: str | None, account_id: str, password_hash: str) -> str | None:
        """The device's id, if the value was issued to this account with this password and has not expired."""
        said, _, mac = (value or "").rpartition(".")
        device, _, until = said.partition(".")
        if not hmac.compare_digest(mac.encode(), self._mac(said, account_id, password_hash).encode()):
            return None
        return device if datetime.fromtimestamp(int(until), UTC) > self._clock() else None

    def _mac(self, said: str, account_id: str, password_hash: str) -> str:
        return hmac.new(self._key, f"{said}\0{account_id}\0{password_hash}".encode(), hashlib.sha256).hexdigest()
