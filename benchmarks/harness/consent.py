"""The consent under which people of public data are enrolled for a measurement."""

import hashlib
from datetime import timedelta

from matcher.clock import system_clock
from matcher.consent.consent import NewConsent
from matcher.consent.rule import ANY_CAMERA


def one_day(purpose: str) -> NewConsent:
    """For every camera and for pictures, from now on for a day."""
    return NewConsent(
        purpose=purpose,
        cameras=frozenset({ANY_CAMERA}),
        valid_until=system_clock() + timedelta(days=1),
        evidence_digest=hashlib.sha256(b"A measurement on public data.").hexdigest(),
    )
