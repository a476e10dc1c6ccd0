"""Alerts as a caller may see them, and reviews. A caller who could be the second reviewer does not see a first
review."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from api.access.account import Principal
from api.access.account_store import AccountUnknownError
from api.access.accounts import Accounts
from api.gallery_reads import GalleryReads, Seen
from api.permission import Permission
from api.use_cases.people import People
from ingest.camera.camera_store import CameraStore
from matcher.alerts.alert import Alert, AlertStatus
from matcher.alerts.review import Review, Verdict
from matcher.matcher import Matcher
from matcher.recognition.scale import StandsFor


@dataclass(frozen=True, kw_only=True)
class ShownAlert:
    """An alert as one caller may see it: with this status and these names. threshold: of its search."""

    alert: Alert
    camera_name: str | None
    subject_name: str | None
    threshold: float
    stands_for: StandsFor | None


@dataclass(frozen=True, kw_only=True)
class ShownReview:
    """A review as one caller may see it: without its note, which may contain names, for roles that may not see
    names."""

    review: Review
    reviewer_name: str | None


class Reviewing:
    """Everything that was raised for review. Safe to use from several threads."""

    def __init__(
        self, matcher: Matcher, *, cameras: CameraStore, people: People, accounts: Accounts, reads: GalleryReads
    ) -> None:
        self._matcher = matcher
        self._alerts = matcher.alerts
        self._cameras = cameras
        self._people = people
        self._accounts = accounts
        self._reads = reads

    def page(
        self, caller: Principal, *, status: AlertStatus | None, before: str | None, limit: int
    ) -> Sequence[ShownAlert]:
        """Alerts, newest first. before: the id of an alert to go on after.

        Raises AlertUnknownError, LogUnavailableError, ClockError.
        """
        found = self._alerts.alerts(status=status, limit=limit, before=before, reviewer=_blind(caller))
        self._reads.names(caller, count=len({alert.subject_id for alert in found}))
        return self.shown(caller, found)

    def counts(self, caller: Principal) -> dict[AlertStatus, int]:
        """The number of alerts of each status, as this caller may see it."""
        return self._alerts.counts(reviewer=_blind(caller))

    def alert(self, caller: Principal, alert_id: str) -> ShownAlert:
        """One alert. Raises AlertUnknownError, LogUnavailableError, ClockError."""
        alert = self._alerts.alert(alert_id)
        self._reads.names(caller, subject=alert.subject_id)
        return self.shown(caller, [alert])[0]

    def shown(self, caller: Principal, alerts: Sequence[Alert]) -> Sequence[ShownAlert]:
        """Alerts as this caller may see them, for a stream of alerts: it is not logged."""
        cameras = self._cameras.listed() if alerts else {}
        thresholds = self._alerts.thresholds(alerts)
        names = self._people.names(caller, {alert.subject_id for alert in alerts})
        blind = self._blind_to(caller, alerts)
        return [
            ShownAlert(
                alert=replace(alert, status=AlertStatus.OPEN) if alert.id in blind else alert,
                camera_name=cameras[alert.camera_id].name if alert.camera_id in cameras else None,
                subject_name=names.get(alert.subject_id),
                threshold=thresholds[alert.id],
                stands_for=self._matcher.stands_for(alert.dissimilarity, request_index=alert.request_index),
            )
            for alert in alerts
        ]

    def probe_picture(self, caller: Principal, alert_id: str) -> bytes:
        """The JPEG of the face that was seen. Raises as `Alerts.pictures`, LogUnavailableError, ClockError."""
        return self._pictures(caller, alert_id)[0]

    def reference_picture(self, caller: Principal, alert_id: str) -> bytes:
        """The JPEG of the enrolled face. Raises as `probe_picture` does."""
        return self._pictures(caller, alert_id)[1]

    def reviews(self, caller: Principal, alert_id: str) -> Sequence[ShownReview]:
        """An alert's reviews, oldest first; none to a caller who could still be the second reviewer.

        Raises AlertUnknownError.
        """
        alert, reviews = self._alerts.alert(alert_id), self._alerts.reviews(alert_id)
        own = any(review.reviewer == caller.actor for review in reviews)
        settled = alert.status in {AlertStatus.CONFIRMED, AlertStatus.REJECTED}
        if caller.may(Permission.REVIEW) and not own and not settled:
            return []
        return [self._shown_review(review, caller) for review in reviews]

    def review(self, caller: Principal, alert_id: str, verdict: Verdict, note: str | None) -> ShownReview:
        """This caller's verdict. Raises as `Alerts.review` does."""
        return self._shown_review(self._alerts.review(alert_id, caller.actor, verdict, note), caller)

    def _pictures(self, caller: Principal, alert_id: str) -> tuple[bytes, bytes]:
        """Logs the account that reads them, before they are shown."""
        self._reads.picture(Seen.ALERT_PICTURES, caller, self._alerts.alert(alert_id).subject_id)
        return self._alerts.pictures(alert_id)

    def _blind_to(self, caller: Principal, alerts: Sequence[Alert]) -> frozenset[str]:
        """The ids of the alerts of which the caller could be the second reviewer, and so may not see a first
        verdict."""
        awaiting = [alert for alert in alerts if alert.status is AlertStatus.AWAITING_SECOND]
        if not awaiting or not caller.may(Permission.REVIEW):
            return frozenset()
        return frozenset(alert.id for alert in awaiting) - self._alerts.reviewed_by(caller.actor, awaiting)

    def _shown_review(self, review: Review, caller: Principal) -> ShownReview:
        if not caller.may(Permission.NAMES):
            return ShownReview(review=replace(review, note=None), reviewer_name=None)
        return ShownReview(review=review, reviewer_name=self._account_name(review.reviewer))

    def _account_name(self, reviewer: str) -> str | None:
        try:
            return self._accounts.get(reviewer.removeprefix("user:")).name
        except AccountUnknownError:
            return None


def _blind(caller: Principal) -> str | None:
    """The actor of a caller who may not see another person's first confirmation; None for all others."""
    return caller.actor if caller.may(Permission.REVIEW) else None
