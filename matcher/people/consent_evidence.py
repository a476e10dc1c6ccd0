"""The log's commitment to the document that shows a consent.

A plain digest would identify the person to everybody who has a copy of the document, and the log is permanent. So the
log holds an HMAC of the digest, under a salt that is derived from the subject's key and is lost with that key.
"""

import hmac
from hashlib import sha256

from matcher.consent.consent import Consent
from matcher.store.sealing import SealingKey


def evidence_salt(key: SealingKey, consent_id: str) -> bytes:
    """The salt of a consent's commitment, 32 bytes. key: its subject's."""
    return key.derived(f"consent evidence:{consent_id}")


def evidence_commitment(key: SealingKey, consent: Consent) -> str:
    """HMAC-SHA256 of the evidence's 32-byte digest, keyed with `evidence_salt`, as hex."""
    return hmac.new(evidence_salt(key, consent.id), bytes.fromhex(consent.evidence_digest), sha256).hexdigest()
