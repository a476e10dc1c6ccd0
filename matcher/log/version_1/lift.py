"""A body of version 1 in the form of version 2.

Two things stay as they are: what is not as its schema says, of which checks tell; and `evidence_digest` of a consent,
for which version 2 has a commitment that cannot be made of it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Body = Mapping[str, Any]

_RECOGNISERS = ("sface", "dlib")
"""Whose scores version 1 names one by one."""

_LOOKS = ("names", "reference_pictures", "alert_pictures")


def lifted(kind: str, body: Body) -> Body:
    """The same body as version 2 has it. kind: of its entry, as the leaf names it."""
    lift = _LIFTS.get(kind)
    return body if lift is None else lift(body)


def _gathered(body: Body, names: Sequence[str], into: str) -> Body:
    """With the fields of these names in one object; unchanged where there is none of them."""
    gathered = {name: body[name] for name in names if name in body}
    if not gathered:
        return body
    return {name: value for name, value in body.items() if name not in gathered} | {into: gathered}


def _scored(body: Body) -> Body:
    """Of a candidate or of a verification."""
    return _gathered(body, _RECOGNISERS, "scores")


def _outcome(body: Body) -> Body:
    candidates = body.get("candidates")
    if not isinstance(candidates, list):
        return _scored(body)
    return {
        **_scored(body),
        "candidates": [_scored(one) if isinstance(one, Mapping) else one for one in candidates],
    }


def _gallery_read(body: Body) -> Body:
    return _gathered(body, _LOOKS, "seen")


def _renaming(**names: str) -> Callable[[Body], Body]:
    def lift(body: Body) -> Body:
        return {names.get(name, name): value for name, value in body.items()}

    return lift


_LIFTS: Mapping[str, Callable[[Body], Body]] = {
    "outcome": _outcome,
    "review": _renaming(request_index="request", outcome_index="outcome", reviewer="actor"),
    "withdrawal": _renaming(references="reference_count"),
    "login": _renaming(outcome="action"),
    "gallery_read": _gallery_read,
}
