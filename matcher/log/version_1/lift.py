"""A body of version 1 in the form of version 2.

Two things stay as they are: what is not as its schema says, of which checks tell; and `evidence_digest` of a consent,
for which version 2 has a commitment that cannot be made of it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Body = Mapping[str, Any]

Lift = Callable[[Body], Body]


def lifted(kind: str, body: Body) -> Body:
    """The same body as version 2 has it. kind: of its entry, as the leaf names it."""
    lift = _LIFTS.get(kind)
    return body if lift is None else lift(body)


def _renaming(**names: str) -> Lift:
    """Gives fields their new names."""

    def lift(body: Body) -> Body:
        return {names.get(name, name): value for name, value in body.items()}

    return lift


def _gathering(into: str, names: Sequence[str]) -> Lift:
    """Puts the fields of these names into one object; a body that has none of them stays as it is."""

    def lift(body: Body) -> Body:
        gathered = {name: body[name] for name in names if name in body}
        rest = {name: value for name, value in body.items() if name not in gathered}
        return rest | {into: gathered} if gathered else body

    return lift


def _adding(**fields: Any) -> Lift:
    """Adds fields that version 1 did not need to name."""

    def lift(body: Body) -> Body:
        return {**fields, **body}

    return lift


_fused = _adding(fusion={"sface": 1.0, "dlib": 0.5})
"""While version 1 was written there was this one fusion."""

_scored = _gathering("scores", ("sface", "dlib"))
"""Of a candidate or a verification: version 1 names its recognisers one by one."""


def _outcome(body: Body) -> Body:
    candidates = body.get("candidates")
    if isinstance(candidates, list):
        body = {**body, "candidates": [_scored(one) if isinstance(one, Mapping) else one for one in candidates]}
    return _scored(body)


def _model(body: Body) -> Body:
    return {name: _fused(value) if isinstance(value, Mapping) else value for name, value in body.items()}


_LIFTS: Mapping[str, Lift] = {
    "request": _fused,
    "start": _fused,
    "model": _model,
    "outcome": _outcome,
    "review": _renaming(request_index="request", outcome_index="outcome", reviewer="actor"),
    "withdrawal": _renaming(references="reference_count"),
    "login": _renaming(outcome="action"),
    "gallery_read": _gathering("seen", ("names", "reference_pictures", "alert_pictures")),
}
"""By kind; bodies of other kinds are the same in both versions."""
