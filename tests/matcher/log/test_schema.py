"""Entries against their schema. That what the service writes fits it is held by all tests that verify its log."""

import json

import pytest

from matcher.clock import system_clock
from matcher.log.entry import EntryKind, encode
from matcher.log.schema import published, violation
from tests.matcher.log import bodies


def test_every_kind_of_entry_has_its_schema_and_every_part_its_meaning() -> None:
    schema = published()
    kinds = [schema["$defs"][one["$ref"].rpartition("/")[2]]["properties"]["kind"]["const"] for one in schema["oneOf"]]
    assert sorted(kinds) == sorted(EntryKind)
    parts = [part for name, part in schema["$defs"].items() if not name.endswith("Entry")]
    assert all(part["description"] and part["additionalProperties"] is False for part in parts)


@pytest.mark.parametrize(
    ("kind", "body", "place"),
    [
        (EntryKind.REQUEST, bodies.request(1), None),
        (EntryKind.OUTCOME, bodies.outcome(0), None),
        (EntryKind.STOP, {}, None),
        (EntryKind.CLOCK, {"last_time": bodies.MOMENT, "actor": "cli:one"}, None),
        (EntryKind.CLOCK, {"last_time": "yesterday", "actor": "cli:one"}, "body.last_time"),
        (EntryKind.FAILURE, {"code": "model_mismatch", "actor": "user:one", "purpose": "demo"}, None),
        (EntryKind.ALERT, bodies.ALERT, None),
        (EntryKind.ALERT, bodies.ALERT | {"request": -1}, "body.request"),
        (EntryKind.DECLARATION, bodies.DECLARATION, None),
        (EntryKind.DECLARATION, bodies.DECLARATION | {"agreed": True}, None),
        (EntryKind.DECLARATION, bodies.DECLARATION | {"agreed": False}, "body.agreed"),
        (EntryKind.CAMERA, bodies.CAMERA, None),
        (EntryKind.CAMERA, bodies.CAMERA | {"certificate": "unverified"}, None),
        (EntryKind.CAMERA, bodies.CAMERA | {"certificate": "expired"}, "body.certificate"),
        (EntryKind.STOP, {"more": 1}, "body.more"),
        (EntryKind.OUTCOME, bodies.outcome(0) | {"request": "0"}, "body.request"),
        (EntryKind.OUTCOME, bodies.outcome(0) | {"request": True}, "body.request"),
        (EntryKind.OUTCOME, bodies.outcome(0) | {"ended_at": "yesterday"}, "body.ended_at"),
        (EntryKind.OUTCOME, bodies.outcome(0) | {"candidates": [{}]}, "body.candidates.0"),
        (EntryKind.REQUEST, {key: value for key, value in bodies.request().items() if key != "actor"}, "body.actor"),
        (EntryKind.REQUEST, bodies.request() | {"commitment": "AB" * 32}, "body.commitment"),
        (EntryKind.REQUEST, bodies.request() | {"search": "guess"}, "body.search"),
        (EntryKind.REQUEST, bodies.request() | {"time_zone": "Europe/Berlin"}, None),
        (EntryKind.REQUEST, bodies.request() | {"time_zone": ""}, "body.time_zone"),
        (EntryKind.CAMERA, bodies.CAMERA | {"time_zone": "Europe/Berlin"}, None),
        (EntryKind.START, bodies.START | {"time_zone": "Europe/Berlin"}, None),
        (EntryKind.CONSENT, bodies.granted(), None),
        (EntryKind.CONSENT, bodies.granted(bodies.HOURS, bodies.HOURS | {"begin": "22:00", "end": "06:00"}), None),
        (EntryKind.CONSENT, bodies.granted(bodies.HOURS | {"days": []}), "body.consent"),
        (EntryKind.CONSENT, bodies.granted(bodies.HOURS | {"days": [0]}), "body.consent"),
        (EntryKind.CONSENT, bodies.granted(bodies.HOURS | {"begin": "24:00"}), "body.consent"),
        (EntryKind.CONSENT, bodies.granted(bodies.HOURS | {"end": "24:01"}), "body.consent"),
        (EntryKind.CONSENT, bodies.granted(bodies.HOURS | {"zone": "UTC"}), "body.consent"),
    ],
)
def test_where_an_entry_departs_is_told(kind: EntryKind, body: dict[str, object], place: str | None) -> None:
    told = violation(encode(system_clock(), kind, body))
    assert told is None if place is None else (told or "").startswith(place), told


def test_another_version_or_kind_is_no_entry_of_this_schema() -> None:
    leaf = json.loads(encode(system_clock(), EntryKind.STOP, {}))
    assert violation(json.dumps(leaf | {"version": 2}).encode())
    assert violation(json.dumps(leaf | {"kind": "other"}).encode())
    assert violation(b"[]") and violation(b"") and violation(b"{")
