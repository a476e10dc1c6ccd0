"""What shows a consent, as the log commits to it.

The digest of a document with a person's name is a hash that whoever has the document finds again, and the log cannot
forget it. So the log holds an HMAC of the digest, under a salt that follows from the subject's key and goes with it.
"""

import hmac
from hashlib import sha256

from matcher.consent.consent import Consent
from matcher.store.sealing import SealingKey


def evidence_salt(key: SealingKey, consent_id: str) -> bytes:
    """The salt of a consent's commitment, 32 bytes. key: its subject's."""
    return key.derived(f"consent evidence:{consent_id}")


def evidence_commitment(key: SealingKey, consent: Consent) -> str:
    """Hex HMAC-SHA256 under that salt of the 32 bytes of the evidence's digest."""
    return hmac.new(evidence_salt(key, consent.id), bytes.fromhex(consent.evidence_digest), sha256).hexdigest()
