"""Searches by pictures that people hand in. Each has log entries before and after, with its caller and its purpose."""

from collections.abc import Callable, Sequence

from api.access.account import Principal
from api.permission import Permission, PermissionDeniedError
from matcher.consent.rule import UPLOAD
from matcher.matcher import Matcher
from matcher.probe.probe import Probe, Query
from matcher.recognition.errors import TooManyFacesError
from matcher.recognition.image import PictureBytes
from matcher.search.candidate import CandidateList, Verification
from matcher.search.crowd import Crowd, CrowdSearcher, SearchedFace


class Searching:
    """The searches for callers. Safe to use from several threads."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._identifier = matcher.identifier

    def probe(self, picture: PictureBytes, face: int | None) -> Probe:
        """The face of a picture. Raises as `Matcher.probe` does."""
        return self._matcher.probe(picture, face=face)

    def identify(
        self, caller: Principal, probe: Probe, *, purpose: str, case_reference: str | None = None
    ) -> CandidateList:
        """Identifies a probe (1:N). Raises as `Identifier.identify` does."""
        return self._identifier.identify(probe, _query(caller, purpose, case_reference))

    def verify(
        self, caller: Principal, probe: Probe, against: str | Probe, *, purpose: str, case_reference: str | None = None
    ) -> Verification:
        """Compares a probe with a subject, or with another probe (1:1). Raises as `Identifier.verify` does;
        PermissionDeniedError if the caller may compare pictures only, and not search for enrolled people.
        """
        if isinstance(against, str) and not caller.may(Permission.SEARCH):
            raise PermissionDeniedError(caller.role, Permission.SEARCH)
        return self._identifier.verify(probe, against, _query(caller, purpose, case_reference))

    def photograph(
        self,
        caller: Principal,
        picture: PictureBytes,
        *,
        purpose: str,
        case_reference: str | None = None,
        least_eye_distance: float | None = None,
        owe: Callable[[int], None],
    ) -> tuple[Crowd, Sequence[SearchedFace]]:
        """Searches for all people in a photograph, each in a search of its own. Raises as `CrowdSearcher` does, and
        QueryError. owe: called before the searches with their number minus one; also where there are too many faces to
        search for.
        """
        searcher = CrowdSearcher(self._matcher.sampler, self._identifier)
        query = _query(caller, purpose, case_reference)
        self._identifier.require_query(query)
        try:
            crowd = searcher.find(picture, least_eye_distance=least_eye_distance)
        except TooManyFacesError as error:
            owe(error.faces - 1)  # detecting them took as long as a search
            raise
        owe(max(len(crowd.usable) - 1, 0))
        return crowd, searcher.search(crowd, query)


def _query(caller: Principal, purpose: str, case_reference: str | None) -> Query:
    """The request of a search by picture of this account."""
    return Query(
        actor=caller.actor, role=caller.role.value, camera=UPLOAD, purpose=purpose, case_reference=case_reference
    )
