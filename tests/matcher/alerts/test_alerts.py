import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from matcher.alerts.alert import Alert, AlertStatus
from matcher.alerts.alerts import (
    MAX_NOTE,
    AlertClosedError,
    AlertPictureError,
    AlertUnknownError,
    NoCandidateError,
    ReviewError,
    ReviewNoteError,
)
from matcher.alerts.review import Verdict
from matcher.audit.verification import verify_log
from matcher.log.entry import EntryKind
from matcher.matcher import Matcher
from matcher.people.errors import SubjectWithdrawnError


def raised(matcher: Matcher, world: Any, person: int = 1) -> Alert:
    probe = world.probe(matcher, person)
    return matcher.alerts.raise_alert(
        camera_id="lobby",
        candidate_list=matcher.identifier.identify(probe, world.query()),
        probe=probe,
        captured_at=world.clock() - timedelta(seconds=1),
    )


def logged(matcher: Matcher) -> list[dict[str, Any]]:
    return [dict(entry.body) for entry in matcher.log.entries(limit=1000, kinds=[EntryKind.ALERT])]


def told(alert: Alert) -> dict[str, Any]:
    """What the log says of it."""
    return {
        "alert": alert.id,
        "request": alert.request_index,
        "outcome": alert.outcome_index,
        "subject": alert.subject_id,
        "camera": alert.camera_id,
        "dissimilarity": alert.dissimilarity,
    }


def test_an_alert_points_at_its_log_entries_and_shows_both_pictures(matcher: Matcher, world: Any) -> None:
    enrolment = world.enrol(matcher, 1)
    alert = raised(matcher, world)
    assert alert == matcher.alerts.alert(alert.id)
    assert (alert.subject_id, alert.reference_id) == (enrolment.subject.id, enrolment.references[0])
    assert (alert.status, alert.camera_id, alert.operating_point) == (AlertStatus.OPEN, "lobby", "stub")
    assert matcher.log.entry(alert.request_index).kind is EntryKind.REQUEST
    assert matcher.log.entry(alert.outcome_index).body["request"] == alert.request_index
    assert logged(matcher) == [told(alert)]
    probe, reference = matcher.alerts.pictures(alert.id)
    assert probe == world.probe(matcher, 1).crop
    assert reference == matcher.gallery.reference_picture(alert.reference_id)


def test_two_different_people_confirm(matcher: Matcher, world: Any) -> None:
    world.enrol(matcher, 1)
    alert = raised(matcher, world)
    first = matcher.alerts.review(alert.id, "user:1", Verdict.CONFIRM, "same scar")
    assert matcher.alerts.alert(alert.id).status is AlertStatus.AWAITING_SECOND
    with pytest.raises(ReviewError) as caught:
        matcher.alerts.review(alert.id, "user:1", Verdict.CONFIRM)
    assert caught.value.code == "already_reviewed"
    second = matcher.alerts.review(alert.id, "user:2", Verdict.CONFIRM)
    assert matcher.alerts.alert(alert.id).status is AlertStatus.CONFIRMED
    assert matcher.alerts.reviews(alert.id) == [first, second]
    with pytest.raises(AlertClosedError):
        matcher.alerts.review(alert.id, "user:3", Verdict.REJECT)
    entry = matcher.log.entry(second.audit_index)
    assert (entry.body["alert"], entry.body["actor"], entry.body["status"]) == (alert.id, "user:2", "confirmed")
    assert verify_log(matcher.database, matcher.log.verifier_key).verified


@pytest.mark.parametrize("before", [[], [Verdict.CONFIRM]])
def test_one_rejects(matcher: Matcher, world: Any, before: list[Verdict]) -> None:
    world.enrol(matcher, 1)
    alert = raised(matcher, world)
    for at, verdict in enumerate(before):
        matcher.alerts.review(alert.id, f"user:{at}", verdict)
    matcher.alerts.review(alert.id, "user:9", Verdict.REJECT)
    assert matcher.alerts.alert(alert.id).status is AlertStatus.REJECTED


def test_a_review_that_cannot_be_logged_does_not_count(matcher: Matcher, world: Any) -> None:
    world.enrol(matcher, 1)
    alert = raised(matcher, world)
    world.clock.move(hours=-1)
    with pytest.raises(Exception, match="clock"):
        matcher.alerts.review(alert.id, "user:1", Verdict.CONFIRM)
    assert matcher.alerts.reviews(alert.id) == []
    assert matcher.alerts.alert(alert.id).status is AlertStatus.OPEN


def test_newest_first_by_status_and_page_by_page(matcher: Matcher, world: Any) -> None:
    world.enrol(matcher, 1)
    alerts = [raised(matcher, world) for _ in range(5)]
    newest = [alert.id for alert in reversed(alerts)]
    assert [alert.id for alert in matcher.alerts.alerts()] == newest
    assert [alert.id for alert in matcher.alerts.alerts(limit=2)] == newest[:2]
    assert [alert.id for alert in matcher.alerts.alerts(limit=2, before=newest[1])] == newest[2:4]
    matcher.alerts.review(newest[2], "user:1", Verdict.REJECT)
    assert [alert.id for alert in matcher.alerts.alerts(AlertStatus.REJECTED)] == [newest[2]]
    assert newest[2] not in [alert.id for alert in matcher.alerts.alerts(AlertStatus.OPEN)]
    assert matcher.alerts.alerts(limit=0) == []


def test_withdrawal_takes_pictures_and_notes(world: Any) -> None:
    with world.open() as matcher:
        subject_id = world.enrol(matcher, 1).subject.id
        alert = raised(matcher, world)
        matcher.alerts.review(alert.id, "user:1", Verdict.CONFIRM, "canary note")
        assert b"canary" not in world.every_byte()
        matcher.gallery.withdraw(subject_id, "user:1")
        with pytest.raises(AlertPictureError):
            matcher.alerts.pictures(alert.id)
        assert matcher.alerts.reviews(alert.id)[0].note is None
        assert matcher.alerts.alert(alert.id).subject_id == subject_id
        matcher.alerts.review(alert.id, "user:2", Verdict.CONFIRM, "too late")
        assert matcher.alerts.reviews(alert.id)[1].note is None


def test_what_cannot_be_raised(matcher: Matcher, world: Any) -> None:
    subject_id = world.enrol(matcher, 1).subject.id
    stranger, probe = world.probe(matcher, 9), world.probe(matcher, 1)
    nobody = matcher.identifier.identify(stranger, world.query())
    found = matcher.identifier.identify(probe, world.query())
    now = world.clock()
    raise_alert = matcher.alerts.raise_alert
    with pytest.raises(NoCandidateError):
        raise_alert(camera_id="lobby", candidate_list=nobody, probe=stranger, captured_at=now)
    with pytest.raises(AlertPictureError):
        blind = dataclasses.replace(probe, crop=None)
        raise_alert(camera_id="lobby", candidate_list=found, probe=blind, captured_at=now)
    matcher.gallery.withdraw(subject_id, "user:1")
    with pytest.raises(SubjectWithdrawnError):
        raise_alert(camera_id="lobby", candidate_list=found, probe=probe, captured_at=now)
    assert matcher.alerts.alerts() == [] and logged(matcher) == []


CAMERA = {"actor": "camera:lobby", "role": "camera"}


def crash(matcher: Matcher) -> None:
    """Ends it without a stop entry."""
    matcher.database.close()


def test_a_match_whose_alert_a_crash_prevented_is_raised_at_the_next_start(world: Any) -> None:
    matcher = world.open()
    subject_id = world.enrol(matcher, 1).subject.id
    probe, at = world.probe(matcher, 1), world.clock()
    found = matcher.identifier.identify(probe, world.query(**CAMERA))
    world.found(matcher, 1)
    world.found(matcher, 9, **CAMERA | {"actor": "camera:garage", "camera": "garage"})
    crash(matcher)
    world.clock.move(minutes=5)
    with world.open() as again:
        (alert,) = again.alerts.alerts()
        assert (alert.camera_id, alert.subject_id, alert.captured_at) == ("lobby", subject_id, at)
        assert (alert.request_index, alert.outcome_index) == (found.request_index, found.outcome_index)
        assert again.alerts.pictures(alert.id)[0] == probe.crop
        assert again.alerts.review(alert.id, "user:1", Verdict.CONFIRM).note is None
        assert logged(again) == [told(alert)]
        crash(again)
    with world.open() as third:
        assert len(third.alerts.alerts()) == 1


def test_nothing_is_raised_again_that_the_last_run_finished(world: Any) -> None:
    """An alert that was raised; one that was left out, since the camera went on to the next; a stop that was clean."""
    matcher = world.open()
    world.enrol(matcher, 1)
    probe = world.probe(matcher, 1)
    found = matcher.identifier.identify(probe, world.query(**CAMERA))
    matcher.alerts.raise_alert(camera_id="lobby", candidate_list=found, probe=probe, captured_at=world.clock())
    crash(matcher)
    with world.open() as again:
        assert len(again.alerts.alerts()) == 1
        world.found(again, 1, **CAMERA)
        world.found(again, 9, **CAMERA)
        crash(again)
    with world.open() as third:
        assert len(third.alerts.alerts()) == 1
        world.found(third, 1, **CAMERA)
    with world.open() as fourth:
        assert len(fourth.alerts.alerts()) == 1


def test_unknown_alerts_and_long_notes(matcher: Matcher, world: Any) -> None:
    world.enrol(matcher, 1)
    alert = raised(matcher, world)
    alerts = matcher.alerts
    for call in (
        lambda: alerts.alert("none"),
        lambda: alerts.pictures("none"),
        lambda: alerts.reviews("none"),
        lambda: alerts.alerts(before="none"),
        lambda: alerts.review("none", "user:1", Verdict.CONFIRM),
    ):
        with pytest.raises(AlertUnknownError):
            call()
    for note in ("x" * (MAX_NOTE + 1), "bell \x07", "half a pair \ud800"):
        with pytest.raises(ReviewNoteError):
            alerts.review(alert.id, "user:1", Verdict.CONFIRM, note)
    assert alerts.review(alert.id, "user:1", Verdict.CONFIRM, "two\nlines").note == "two\nlines"


class Heard:
    """A listener; fails if it is told to."""

    def __init__(self, *, fails: bool = False) -> None:
        self.alerts: list[tuple[str, Alert]] = []
        self.fails = fails

    def alert_raised(self, alert: Alert) -> None:
        self._hear("raised", alert)

    def alert_reviewed(self, alert: Alert) -> None:
        self._hear("reviewed", alert)

    def _hear(self, what: str, alert: Alert) -> None:
        self.alerts.append((what, alert))
        if self.fails:
            raise RuntimeError("secret words")


def test_every_listener_is_notified_of_alerts_and_reviews_also_after_an_error_of_another(
    matcher: Matcher, world: Any, caplog: pytest.LogCaptureFixture
) -> None:
    world.enrol(matcher, 1)
    broken, heard = Heard(fails=True), Heard()
    matcher.alerts.listen(broken)
    matcher.alerts.listen(heard)
    alert = raised(matcher, world)
    matcher.alerts.review(alert.id, "user:1", Verdict.REJECT)
    rejected = dataclasses.replace(alert, status=AlertStatus.REJECTED)
    assert heard.alerts == broken.alerts == [("raised", alert), ("reviewed", rejected)]
    assert "A listener of alerts raised an error" in caplog.text and "secret" not in caplog.text


def test_a_listener_hears_of_the_alerts_that_a_crash_had_kept_back(world: Any) -> None:
    crashed = world.open()
    world.enrol(crashed, 1)
    crashed.identifier.identify(world.probe(crashed, 1), world.query(actor="camera:lobby", role="camera"))
    crash(crashed)
    with world.open() as matcher:
        heard = Heard()
        matcher.alerts.listen(heard)
        (alert,) = matcher.alerts.alerts()
        assert heard.alerts == [("raised", alert)]


def test_a_reviewer_s_own_alerts_are_told_apart(matcher: Matcher, world: Any) -> None:
    world.enrol(matcher, 1)
    first, second = raised(matcher, world), raised(matcher, world)
    matcher.alerts.review(first.id, "user:1", Verdict.CONFIRM)
    matcher.alerts.review(second.id, "user:2", Verdict.CONFIRM)
    assert matcher.alerts.reviewed_by("user:1", [first, second]) == {first.id}
    assert matcher.alerts.reviewed_by("user:1", [second]) == frozenset()
