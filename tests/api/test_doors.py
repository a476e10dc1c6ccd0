"""Routers and pages parse, call a use case, and answer: what belongs to a use case is in none of them.

The import contracts hold what they may import; this holds what they may reach through the service.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

API = Path(__file__).parents[2] / "api"
DOORS = sorted(path for room in ("routers", "http", "dashboard") for path in (API / room).glob("*.py"))

PARTS = {"cameras", "enroller", "gallery_reads", "supervisor"}
"""Attributes of the service or the matcher that use cases alone use."""

CALLS = {
    "alerts": {"listen", "raise_alert", "review"},
    "events": {"alert_raised", "alert_reviewed", "apply", "forget", "reported", "viewed"},
    "gallery": {"add_references", "admit", "follow", "grant", "withdraw", "withdraw_consent"},
    "identifier": {"identify", "identify_all", "verify"},
}
"""Methods of parts that doors may read, but not call."""


def duties(source: str) -> Iterator[str]:
    """What in a door's source belongs to a use case."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Attribute):
            continue
        owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        if (owner in {"service", "matcher"} and node.attr in PARTS) or node.attr in CALLS.get(owner, set()):
            yield f"line {node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("door", DOORS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_door_has_no_duties_of_a_use_case(door: Path) -> None:
    assert list(duties(door.read_text())) == []


@pytest.mark.parametrize(
    "source",
    [
        "service.supervisor.forget(subject)",
        "request.app.state.service.gallery_reads.names(caller)",
        "service.cameras.remove(camera)",
        "gallery = service.matcher.gallery\ngallery.withdraw(subject, actor)",
        "service.matcher.alerts.review(alert, actor, verdict)",
        "service.events.alert_reviewed(alert)",
        "matcher.identifier.identify(probe, query)",
        "matcher.enroller.enrol(name=name)",
    ],
)
def test_a_duty_is_met_wherever_it_stands(source: str) -> None:
    assert list(duties(source))


def test_reading_is_no_duty() -> None:
    reading = "service.people.withdraw(caller, subject); service.matcher.gallery.size; service.events.subscription()"
    assert list(duties(reading)) == []
