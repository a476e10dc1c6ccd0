"""The log commits to a consent's evidence, and the commitment reveals nothing once the subject has withdrawn."""

import hmac
from hashlib import sha256
from typing import Any

from matcher.audit.verification import verify_log
from matcher.log.entry import EntryKind
from matcher.matcher import Matcher

DOCUMENT = sha256(b"I, Ann, agree.").hexdigest()


def commitments(matcher: Matcher) -> list[str]:
    entries = matcher.log.entries(kinds=[EntryKind.ENROLMENT, EntryKind.CONSENT])
    return [entry.body["consent"]["evidence_commitment"] for entry in entries]


def test_the_evidence_of_a_consent_is_committed_to_under_a_salt_that_goes_with_the_subject(
    matcher: Matcher, world: Any
) -> None:
    enrolled = world.enrol(matcher, 1, evidence_digest=DOCUMENT)
    subject, first = enrolled.subject.id, enrolled.consent.id
    second = matcher.gallery.grant(subject, world.consent(evidence_digest=DOCUMENT), "user:1").id
    logged = commitments(matcher)
    for consent, commitment in zip((first, second), logged, strict=True):
        salt = matcher.gallery.evidence_salt(consent)
        assert salt is not None and hmac.new(salt, bytes.fromhex(DOCUMENT), sha256).hexdigest() == commitment
        assert not any(DOCUMENT.encode() in entry.data for entry in matcher.log.entries())
    assert len({*logged, DOCUMENT}) == 3, "two consents by one document do not look alike"
    matcher.gallery.withdraw(subject, "user:1")
    assert matcher.gallery.evidence_salt(first) is None
    assert verify_log(matcher.database, *matcher.log.verifier_keys).verified
