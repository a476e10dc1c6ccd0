"""What an enrolment's error lists beside its message: pictures that were refused, or likely duplicates."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request

from api.http.duplicate import DuplicateOut
from api.http.guard import service_of
from api.http.refused_picture import RefusedOut
from matcher.enrolment.errors import EnrolmentError, LikelyDuplicateError
from matcher.errors import ClearglassError


def enrolment_details(error: ClearglassError, request: Request) -> Mapping[str, Any]:
    """Fields of `api.http.errors.ErrorDetail`, with names only if the caller may see them; nothing for other errors."""
    if isinstance(error, LikelyDuplicateError):
        return {"duplicates": DuplicateOut.all_of(error.check, service_of(request), request.state.principal)}
    if isinstance(error, EnrolmentError) and error.refused:
        return {"refused": [RefusedOut.of(refused) for refused in error.refused]}
    return {}
