"""The part of the matcher that ingest uses: two calls, so that a supervisor can be tested without a gallery."""

from datetime import datetime
from typing import Protocol

from matcher.alerts.alert import Alert
from matcher.probe.probe import Probe, Query
from matcher.search.candidate import CandidateList


class Identifies(Protocol):
    """`matcher.search.identification.Identifier` is one."""

    def identify(self, probe: Probe, query: Query) -> CandidateList:
        """Searches, with a log entry before and after. Raises ClearglassError when the search or its entries failed."""
        ...


class RaisesAlerts(Protocol):
    """`matcher.alerts.alerts.Alerts` is one."""

    def raise_alert(
        self, *, camera_id: str, candidate_list: CandidateList, probe: Probe, captured_at: datetime
    ) -> Alert:
        """Stores a match for review. Raises ClearglassError when that failed."""
        ...
