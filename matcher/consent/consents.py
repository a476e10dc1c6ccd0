"""Consents in columns, the form in which they are added to the consent book: one, or a hundred thousand at the
start."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Self

import numpy as np

from matcher.columns.vectors import Numbers
from matcher.consent.consent import Consent
from matcher.consent.hours import hours_json
from matcher.consent.rule import ConsentRule
from matcher.timestamp import format_time

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

Row = tuple[str, str, str, str, str, str, str, str, str | None, str | None]
"""A row of the consents' table: its columns in their order, moments, cameras and hours as the texts that it holds."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Consents:
    """n of them. cameras, times: as JSON texts; no times: always. begins, ends: (n,) microseconds since 1970; both are
    0 for a withdrawn consent. digests: SHA-256 of each, which stands for it in the gallery's content hash.
    """

    ids: Sequence[str]
    subjects: Sequence[str]
    purposes: Sequence[str]
    cameras: Sequence[str]
    times: Sequence[str | None]
    begins: Numbers
    ends: Numbers
    digests: Sequence[bytes]

    @classmethod
    def of(cls, consents: Iterable[Consent]) -> Self:
        """From records."""
        return cls.of_rows([_row(consent) for consent in consents])

    @classmethod
    def of_rows(cls, rows: Sequence[Row]) -> Self:
        """From rows of the table."""
        columns: list[list[Any]] = [[row[column] for row in rows] for column in range(10)]
        ids, subjects, purposes, cameras, begins, ends, evidence, _, withdrawals, times = columns
        parts = zip(ids, subjects, purposes, cameras, begins, ends, evidence, withdrawals, strict=True)
        held = np.array([withdrawal is None for withdrawal in withdrawals], dtype=np.bool_)
        return cls(
            ids=ids,
            subjects=subjects,
            purposes=purposes,
            cameras=cameras,
            times=times,
            begins=_microseconds(begins) * held,
            ends=_microseconds(ends) * held,
            digests=[_digest(*part, times=limits) for part, limits in zip(parts, times, strict=True)],
        )


def microseconds(moment: datetime) -> int:
    """Since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_at(time: int) -> datetime:
    """The moment that is this number of microseconds after the beginning of 1970, UTC."""
    return _EPOCH + time * _MICROSECOND


def _microseconds(moments: Sequence[str]) -> Numbers:
    """Microseconds since 1970 of stored times, whose last letter stands for UTC."""
    return np.array(moments, dtype="U26").astype("datetime64[us]").astype(np.int64)


def _row(consent: Consent) -> Row:
    return (
        consent.id,
        consent.subject_id,
        consent.purpose,
        json.dumps(sorted(consent.cameras)),
        format_time(consent.valid_from),
        format_time(consent.valid_until),
        consent.evidence_digest,
        format_time(consent.recorded_at),
        None if consent.withdrawn_at is None else format_time(consent.withdrawn_at),
        times_text(consent),
    )


def times_text(consent: ConsentRule) -> str | None:
    """The hours of a consent as its row holds them."""
    return json.dumps(hours_json(consent.times)) if consent.times else None


def _digest(*parts: str | None, times: str | None) -> bytes:
    # No part can contain a line break. Without hours the digest is the one from before consents had hours.
    limits = () if times is None else (times,)
    return sha256("\n".join(["consent", *(part or "" for part in parts), *limits]).encode()).digest()
