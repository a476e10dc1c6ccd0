"""The purposes of searches. A consent for an unknown purpose, which is mostly a typing error, has no effect."""

from api.http.warning import WarningOut
from api.service import Service
from matcher.audit.searches import LATEST, searched_purposes
from matcher.search.candidate import CandidateList


def known_purposes(service: Service) -> frozenset[str]:
    """Those of the cameras, and those of the latest searches."""
    cameras = {camera.purpose for camera in service.camera_control.listed().values()}
    return frozenset(cameras | searched_purposes(service.matcher.database))


def purpose_warnings(service: Service, purpose: str) -> list[WarningOut]:
    """Warnings about a consent for this purpose; mostly none."""
    known = known_purposes(service)
    if purpose in known:
        return []
    return [
        WarningOut(
            code="purpose_unused",
            message=f"No camera searches for the purpose “{purpose}”, and none of the latest {LATEST:,} searches did.",
            remedy=f"{_list(known)} If it is not spelt as searches spell it, end this consent and record another.",
        )
    ]


def scope_warnings(found: CandidateList, purpose: str) -> list[WarningOut]:
    """Warnings about a search whose scope is empty; mostly none."""
    if found.searched:
        return []
    return [
        WarningOut(
            code="nobody_in_scope",
            message=f"Nobody could be found: no consent that is in force covers this search for “{purpose}”.",
            remedy="Check how the purpose is spelt, and that consents for it cover pictures handed in at this hour.",
        )
    ]


def _list(known: frozenset[str]) -> str:
    return f"Searches are made for: {', '.join(sorted(known))}." if known else "No search was made yet."
