"""What the log's entries say of a search."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from matcher.consent.scope import Scope
from matcher.probe.probe import Origin, Query
from matcher.recognition.operating_point import OperatingPoint
from matcher.search.candidate import Candidate
from matcher.timestamp import format_time


def request_body(
    kind: str,
    query: Query,
    *,
    started_at: datetime,
    scope: Scope,
    operating_point: OperatingPoint,
    commitment: str,
    quality: float,
    against: Mapping[str, str] | None,
    origin: Origin | None = None,
) -> dict[str, Any]:
    """Of a request entry. kind: identify or verify. quality: of the probe, 0 to 1. against: whom or what a
    verification compares with. origin: of the probe, if it is one of a photograph's faces."""
    body: dict[str, Any] = {
        "search": kind,
        "actor": query.actor,
        "role": query.role,
        "camera": query.camera,
        "purpose": query.purpose,
        "case_reference": query.case_reference,
        "started_at": format_time(started_at),
        "time_zone": scope.time_zone,
        "gallery": {
            "id": scope.gallery_id,
            "revision": scope.revision,
            "content_hash": scope.content_hash,
            "size": scope.size,
            "in_scope": len(scope.selection),
        },
        "model_digest": operating_point.model_digest,
        "fusion": dict(operating_point.weights),
        "operating_point": {"name": operating_point.name, "threshold": operating_point.threshold},
        "commitment": commitment,
        "quality": round(quality, 2),
    }
    if against is not None:
        body["against"] = dict(against)
    if origin is not None:
        body["origin"] = asdict(origin)
    return body


def outcome_body(
    request_index: int, *, started_at: datetime, ended_at: datetime, candidates: Sequence[Candidate]
) -> dict[str, Any]:
    """Of an outcome entry."""
    return {
        "request": request_index,
        "started_at": format_time(started_at),
        "ended_at": format_time(ended_at),
        "candidates": [
            {
                "subject": candidate.subject_id,
                "reference": candidate.reference_id,
                "rank": candidate.rank,
                "dissimilarity": candidate.dissimilarity,
                "scores": dict(candidate.scores),
            }
            for candidate in candidates
        ],
    }
