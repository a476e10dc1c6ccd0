"""Processes one camera's sightings: a search for each, and one alert for each passage of a subject who is found."""

import math
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.camera.camera import Camera
from ingest.messages.message import Sighting
from ingest.supervision.search import Identifies, RaisesAlerts
from matcher.errors import ClearglassError
from matcher.probe.probe import CAMERA_ACTOR, Query

LONGEST_AGO = timedelta(minutes=5)
"""The greatest difference of a worker's clock from this one, and the greatest age of a picture that is searched, in
seconds."""


@dataclass(frozen=True, kw_only=True)
class Searched:
    """The end of one search. outcome: matched, unmatched or failed, as metrics count it."""

    outcome: str
    subject_id: str | None = None


class SightingSearch:
    """Owned by one thread. alert_again_seconds: a subject raises no second alert at this camera for that long.

    error: why the newest search failed; None where it did not.
    """

    def __init__(
        self, camera: Camera, *, identifier: Identifies, alerts: RaisesAlerts, alert_again_seconds: float
    ) -> None:
        self._camera = camera
        self._identifier = identifier
        self._alerts = alerts
        self._alert_again_seconds = alert_again_seconds
        self.error: str | None = None
        self._raised: set[tuple[int, str]] = set()
        """The alerts of passages still under way: passage and subject."""
        self._alerted_at: dict[str, float] = {}
        """When this camera last raised an alert about a subject, in seconds of time.monotonic()."""

    def search(self, sighting: Sighting) -> Searched:
        """Searches, and raises the alert if a subject was found. A failed search is no answer: `error` has the reason,
        and the worker searches for the passage again.
        """
        camera = self._camera
        query = Query(
            actor=CAMERA_ACTOR + camera.id,
            role="camera",
            camera=camera.id,
            purpose=camera.purpose,
            time_zone=camera.time_zone,
        )
        try:
            found = self._identifier.identify(sighting.probe, query)
            if not found.candidates:
                searched = Searched(outcome="unmatched")
            else:
                subject_id = found.candidates[0].subject_id
                if self._is_news(sighting.passage, subject_id):
                    self._alerts.raise_alert(
                        camera_id=camera.id,
                        candidate_list=found,
                        probe=sighting.probe,
                        captured_at=_plausible(sighting.captured_at, found.ended_at),
                    )
                    self._raised.add((sighting.passage, subject_id))
                    self._alerted_at[subject_id] = time.monotonic()
                searched = Searched(outcome="matched", subject_id=subject_id)
        except ClearglassError as error:
            self.error = str(error)
            return Searched(outcome="failed")
        self.error = None
        return searched

    def passed(self, passage: int) -> None:
        """A passage has ended."""
        self._raised = {raised for raised in self._raised if raised[0] != passage}

    def forget(self, subject_id: str) -> None:
        """Removes a subject who is not in the gallery any more."""
        self._alerted_at.pop(subject_id, None)
        self._raised = {raised for raised in self._raised if raised[1] != subject_id}

    def begin_again(self) -> None:
        """Another worker has begun, which numbers its passages from 1."""
        self._raised.clear()

    def _is_news(self, passage: int, subject_id: str) -> bool:
        """True if a match needs an alert: one for each passage, and none within `alert_again_seconds` of the subject's
        last."""
        since = time.monotonic() - self._alerted_at.get(subject_id, -math.inf)
        return (passage, subject_id) not in self._raised and since >= self._alert_again_seconds


def _plausible(captured_at: datetime, now: datetime) -> datetime:
    """The worker's moment, or the present one where the worker's cannot be right."""
    return captured_at if abs(now - captured_at) < LONGEST_AGO else now
