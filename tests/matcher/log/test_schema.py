"""Entries against their schema. That what the service writes fits it is held by all tests that verify its log."""

import json

import pytest

from matcher.clock import system_clock
from matcher.log.entry import EntryKind, encode
from matcher.log.schema import published, violation
from matcher.log.version import VERSIONS
from matcher.timestamp import format_time
from tests.matcher.log import bodies

HOURS = {"days": [1, 5], "begin": "08:00", "end": "18:00"}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_kind_of_entry_has_its_schema_and_every_part_its_meaning(version: int) -> None:
    schema = published(version)
    kinds = [schema["$defs"][one["$ref"].rpartition("/")[2]]["properties"]["kind"]["const"] for one in schema["oneOf"]]
    assert sorted(kinds) == sorted(EntryKind)
    parts = [part for name, part in schema["$defs"].items() if not name.endswith("Entry")]
    assert all(part["description"] and part["additionalProperties"] is False for part in parts)
    assert schema["title"].endswith(f"version {version}")


def test_wherever_an_actor_is_named_their_session_has_its_place() -> None:
    parts = published()["$defs"]
    acting = {name for name, part in parts.items() if "actor" in part["properties"]}
    assert len(acting) > 10
    assert acting <= {name for name, part in parts.items() if "via" in part["properties"]}


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
        (EntryKind.CAMERA, bodies.CAMERA | {"time_zone": "Europe/Vienna"}, None),
        (EntryKind.CAMERA, bodies.CAMERA | {"time_zone": "now here"}, "body.time_zone"),
        (EntryKind.START, bodies.START | {"time_zone": "UTC"}, None),
        (EntryKind.REQUEST, bodies.request() | {"time_zone": "America/Argentina/Ushuaia"}, None),
        (EntryKind.CONSENT, bodies.consent(), None),
        (EntryKind.CONSENT, bodies.consent(times=[HOURS]), None),
        (EntryKind.CONSENT, bodies.consent(times=[HOURS | {"end": "24:00"}]), None),
        (EntryKind.CONSENT, bodies.consent(times=[]), "body.consent.Consent.times"),
        (EntryKind.CONSENT, bodies.consent(times=[HOURS | {"days": [0]}]), "body.consent.Consent.times.0.days.0"),
        (EntryKind.CONSENT, bodies.consent(times=[HOURS | {"begin": "24:00"}]), "body.consent.Consent.times.0.begin"),
        (EntryKind.CONSENT, bodies.consent(times=[HOURS | {"end": "9:00"}]), "body.consent.Consent.times.0.end"),
        (EntryKind.OUTCOME, bodies.found(), None),
        (EntryKind.OUTCOME, bodies.found(normalised=0.5), None),
        (EntryKind.OUTCOME, bodies.found(normalised=None), None),
        (EntryKind.OUTCOME, bodies.found(scores={"arcface-r100.v2": 0.5}), None),
        (EntryKind.OUTCOME, bodies.found(scores={}), "body.candidates.0.scores"),
        (EntryKind.OUTCOME, bodies.found(scores={"": 0.5}), "body.candidates.0.scores"),
        (EntryKind.OUTCOME, bodies.found(sface=0.5), "body.candidates.0.sface"),
        (EntryKind.REVIEW, bodies.review("theirs", "user:one", "awaiting_second"), None),
        (
            EntryKind.REVIEW,
            bodies.review("theirs", "user:one", "confirmed") | {"request_index": 0},
            "body.request_index",
        ),
        (EntryKind.ACCOUNT, bodies.ROLE_CHANGE, None),
        (EntryKind.GALLERY_READ, bodies.GALLERY_READ, None),
        (EntryKind.GALLERY_READ, bodies.GALLERY_READ | {"seen": {"names": -1}}, "body.seen.names"),
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
    told = violation(encode(format_time(system_clock()), kind, body))
    assert told is None if place is None else (told or "").startswith(place), told


def test_another_version_or_kind_is_no_entry_of_this_schema() -> None:
    leaf = json.loads(encode(format_time(system_clock()), EntryKind.STOP, {}))
    assert violation(json.dumps(leaf | {"version": 3}).encode())
    assert violation(json.dumps(leaf).encode(), 1)
    assert violation(json.dumps(leaf | {"salt": "0"}).encode()) == "salt: String should match pattern '^[0-9a-f]{32}$'"
    assert violation(json.dumps(leaf | {"kind": "other"}).encode())
    assert violation(b"[]") and violation(b"") and violation(b"{")
