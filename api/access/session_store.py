"""Sessions in the database. Their secrets are stored as digests only."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, update

from api.access.account import Account
from api.access.account_store import ACCOUNTS, account_of
from matcher.store import tables

_SESSION = tables.session


class OpenSession(NamedTuple):
    """A session that has not ended. used_at: when a person last used it."""

    account: Account
    id: str
    csrf: str
    used_at: datetime


def insert_session(
    connection: Connection,
    *,
    session_id: str,
    digest: str,
    account_id: str,
    csrf: str,
    created_at: datetime,
    expires_at: datetime,
) -> None:
    """Adds a session, and deletes those that have ended."""
    connection.execute(delete(_SESSION).where(_SESSION.c.expires_at <= created_at))
    connection.execute(
        insert(_SESSION).values(
            id=session_id,
            digest=digest,
            account_id=account_id,
            csrf=csrf,
            created_at=created_at,
            expires_at=expires_at,
            used_at=created_at,
        )
    )


def select_session(connection: Connection, digest: str, moment: datetime, idle: timedelta) -> OpenSession | None:
    """The session with this secret. idle: the time without use by a person after which it has ended."""
    row = connection.execute(
        ACCOUNTS.add_columns(_SESSION.c.id.label("session_id"), _SESSION.c.csrf, _SESSION.c.used_at)
        .join(_SESSION, _SESSION.c.account_id == tables.account.c.id)
        .where(
            _SESSION.c.digest == digest,
            _SESSION.c.expires_at > moment,
            _SESSION.c.used_at > moment - idle,
            tables.account.c.disabled_at.is_(None),
        )
    ).one_or_none()
    return None if row is None else OpenSession(account_of(row), row.session_id, row.csrf, row.used_at)


def update_used(connection: Connection, session_id: str, moment: datetime) -> None:
    """Records that a person has used the session."""
    connection.execute(update(_SESSION).where(_SESSION.c.id == session_id).values(used_at=moment))


def delete_session(connection: Connection, digest: str) -> None:
    """Ends a session; an unknown one is ignored."""
    connection.execute(delete(_SESSION).where(_SESSION.c.digest == digest))


def delete_sessions_after(connection: Connection, moment: datetime) -> int:
    """Ends sessions that began while the clock ran ahead, which would last too long; returns their number."""
    return connection.execute(delete(_SESSION).where(_SESSION.c.created_at > moment)).rowcount


def delete_sessions(connection: Connection, account_id: str, *, but: str | None = None) -> None:
    """Ends all sessions of an account. but: the id of one that continues."""
    connection.execute(delete(_SESSION).where(_SESSION.c.account_id == account_id, _SESSION.c.id != (but or "")))
