"""What entries say, as the schema has it, for tests whose subject is the log and not the search."""

from collections.abc import Mapping
from typing import Any

from matcher.log.entry import EntryKind

DIGEST = "ab" * 32
MOMENT = "2026-03-01T09:00:00.000000Z"
FUSION = {"sface": 1.0, "dlib": 0.5}
POINT = {"name": "strict", "threshold": 0.5}
START: dict[str, Any] = {"model_digest": DIGEST, "fusion": FUSION, "operating_point": POINT, "gallery_revision": 0}
LOGIN: dict[str, Any] = {"action": "refused", "account": None}
ROLE_CHANGE: dict[str, Any] = {
    "action": "role_changed",
    "account": "ada",
    "actor": "user:one",
    "role": "auditor",
    "role_before": "operator",
}
GALLERY_READ: dict[str, Any] = {
    "actor": "user:one",
    "role": "operator",
    "since": MOMENT,
    "seen": {"names": 3, "declarations": 1},
    "subjects": [],
}
ALERT: dict[str, Any] = {
    "alert": "theirs",
    "request": 0,
    "outcome": 1,
    "subject": "somebody",
    "camera": "lobby",
    "dissimilarity": 0.25,
}
CAMERA: dict[str, Any] = {
    "action": "added",
    "actor": "user:one",
    "camera": "lobby",
    "name": "Lobby",
    "place": "rtsps://192.168.1.20:322",
    "purpose": "demo",
    "enabled": True,
}
DECLARATION: dict[str, Any] = {"action": "declared", "subject": "somebody", "actor": "user:one", "commitment": DIGEST}
GALLERY = {"id": "main", "revision": 0, "content_hash": DIGEST, "size": 0, "in_scope": 0}


def request(case: int | None = None) -> dict[str, Any]:
    """Of a search, by a person, of nobody."""
    return {
        "search": "identify",
        "actor": "user:one",
        "role": "operator",
        "camera": "upload",
        "purpose": "demo",
        "case_reference": None if case is None else f"case {case}",
        "started_at": MOMENT,
        "gallery": GALLERY,
        "model_digest": DIGEST,
        "fusion": FUSION,
        "operating_point": POINT,
        "commitment": DIGEST,
    }


HOURS = {"days": [1, 2, 3, 4, 5], "begin": "08:00", "end": "24:00"}


def granted(*times: Mapping[str, Any]) -> dict[str, Any]:
    """A consent that was given, at these hours or at all."""
    consent: dict[str, Any] = {"id": "theirs", "purpose": "demo", "cameras": ["*"], "evidence_commitment": DIGEST}
    consent |= {"valid_from": MOMENT, "valid_until": "2027-03-01T09:00:00.000000Z"}
    if times:
        consent["times"] = list(times)
    return {"action": "granted", "subject": "somebody", "actor": "user:one", "revision": 1, "consent": consent}


def outcome(request: int) -> dict[str, Any]:
    """Of a search that found nobody."""
    return {"request": request, "started_at": MOMENT, "ended_at": MOMENT, "candidates": [], "searched": 0}


def found(**fields: Any) -> dict[str, Any]:
    """Of a search that found somebody. fields: of the candidate."""
    candidate = {
        "subject": "somebody",
        "reference": "theirs",
        "rank": 1,
        "dissimilarity": 0.25,
        "scores": {"sface": 0.125, "dlib": 0.5},
    }
    return outcome(0) | {"searched": 1, "candidates": [candidate | fields]}


def consent(**fields: Any) -> dict[str, Any]:
    """Somebody agreed to be found. fields: of the consent."""
    agreed = {
        "id": "theirs",
        "purpose": "demo",
        "cameras": ["*"],
        "valid_from": MOMENT,
        "valid_until": MOMENT,
        "evidence_commitment": DIGEST,
    }
    body = {"action": "granted", "subject": "somebody", "actor": "user:one", "revision": 1}
    return body | {"consent": agreed | fields}


def review(alert: str, reviewer: str, status: str) -> dict[str, Any]:
    """Somebody confirms."""
    return {
        "alert": alert,
        "request": 0,
        "outcome": 1,
        "subject": "somebody",
        "actor": reviewer,
        "verdict": "confirm",
        "status": status,
        "noted": False,
    }


def log_read(read: Mapping[str, Any]) -> dict[str, Any]:
    """Somebody read of the log what they asked for."""
    return {"actor": "user:two", "role": "auditor", "read": dict(read)}


def change(kind: EntryKind, revision: int) -> dict[str, Any]:
    """The gallery's, by an enrolment, a consent that is taken back, or a withdrawal."""
    body: dict[str, Any] = {"subject": "somebody", "actor": "user:one", "revision": revision}
    if kind is EntryKind.ENROLMENT:
        return body | {"references": ["theirs"], "refused": {"blurred": 1}, "model_digest": DIGEST}
    if kind is EntryKind.CONSENT:
        return body | {"action": "withdrawn", "consent": {"id": "theirs"}}
    return body | {"reference_count": 1}
