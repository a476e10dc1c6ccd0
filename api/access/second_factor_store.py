"""Second factors in the database: secrets sealed, recovery codes as digests."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from matcher.store import tables

_FACTOR = tables.second_factor
_CODE = tables.recovery_code


class Kept(NamedTuple):
    """A second factor in force. last_step: of the newest accepted code."""

    sealed_secret: bytes
    last_step: int


def keep_offer(connection: Connection, account_id: str, sealed: bytes) -> None:
    """Stores a secret that was shown; it replaces an earlier one."""
    connection.execute(
        upsert(_FACTOR)
        .values(account_id=account_id, sealed_offer=sealed)
        .on_conflict_do_update(index_elements=[_FACTOR.c.account_id], set_={"sealed_offer": sealed})
    )


def select_offer(connection: Connection, account_id: str) -> bytes | None:
    """The secret that was shown last and is not in force."""
    query = select(_FACTOR.c.sealed_offer).where(_FACTOR.c.account_id == account_id)
    return connection.execute(query).scalar_one_or_none()


def take_offer(connection: Connection, account_id: str, step: int, digests: Iterable[str]) -> None:
    """Puts the shown secret in force. step: of the code that confirmed it. digests: of the recovery codes."""
    connection.execute(
        update(_FACTOR)
        .where(_FACTOR.c.account_id == account_id)
        .values(sealed_secret=_FACTOR.c.sealed_offer, sealed_offer=None, last_step=step)
    )
    connection.execute(delete(_CODE).where(_CODE.c.account_id == account_id))
    connection.execute(insert(_CODE), [{"digest": digest, "account_id": account_id} for digest in digests])


def select_factor(connection: Connection, account_id: str) -> Kept | None:
    """The second factor in force."""
    row = connection.execute(
        select(_FACTOR.c.sealed_secret, _FACTOR.c.last_step).where(
            _FACTOR.c.account_id == account_id, _FACTOR.c.sealed_secret.is_not(None)
        )
    ).one_or_none()
    return None if row is None else Kept(row.sealed_secret, row.last_step)


def update_step(connection: Connection, account_id: str, step: int) -> None:
    """Records that a code of this step was accepted."""
    connection.execute(update(_FACTOR).where(_FACTOR.c.account_id == account_id).values(last_step=step))


def take_recovery_code(connection: Connection, account_id: str, digest: str) -> bool:
    """Removes a recovery code; returns true if it existed."""
    return bool(
        connection.execute(delete(_CODE).where(_CODE.c.account_id == account_id, _CODE.c.digest == digest)).rowcount
    )


def count_recovery_codes(connection: Connection, account_id: str) -> int:
    """The number of recovery codes that are left."""
    counted = select(func.count()).select_from(_CODE).where(_CODE.c.account_id == account_id)
    return connection.execute(counted).scalar_one()


def delete_factor(connection: Connection, account_id: str) -> None:
    """Removes it with the shown secret and its recovery codes."""
    connection.execute(delete(_FACTOR).where(_FACTOR.c.account_id == account_id))
    connection.execute(delete(_CODE).where(_CODE.c.account_id == account_id))
