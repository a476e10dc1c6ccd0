"""What ingest asks of the matcher: two calls, so that a supervisor can be tested without a gallery."""

from datetime import datetime
from typing import Protocol

from matcher.alerts.alert import Alert
from matcher.probe.probe import Probe, Query
from matcher.search.candidate import CandidateList


class Identifies(Protocol):
    """`matcher.search.identification.Identifier` is one."""

    def identify(self, probe: Probe, query: Query) -> CandidateList:
        """Searches, logged before and after. Raises ClearglassError when the search could not be made or proved."""
        ...


class RaisesAlerts(Protocol):
    """`matcher.alerts.alerts.Alerts` is one."""

    def raise_alert(
        self, *, camera_id: str, candidate_list: CandidateList, probe: Probe, captured_at: datetime
    ) -> Alert:
        """Keeps a match for review. Raises ClearglassError when it could not be kept."""
        ...
