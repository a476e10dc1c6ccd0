"""The HTTP status of each error code, and the one form of all error answers."""

import logging
from collections.abc import Iterator, Mapping
from http import HTTPMethod
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from api.http.duplicate import DuplicateOut
from api.http.enrolment_details import enrolment_details
from api.http.face_listing import FaceListingOut
from api.http.headers import SECURITY_HEADERS
from api.http.refused_picture import RefusedOut
from matcher.errors import ClearglassError
from matcher.recognition.errors import FaceUnknownError, SeveralFacesError

_LOG = logging.getLogger(__name__)

STATUS: Mapping[str, int] = {
    # Access and rate limits.
    "authentication_required": 401,
    "login_refused": 401,
    "second_factor_required": 401,
    "second_factor_refused": 401,
    "proof_refused": 403,
    "password_change_required": 403,
    "second_factor_missing": 403,
    "csrf": 403,
    "permission_denied": 403,
    "host_unknown": 421,
    "session_required": 403,
    "emergency_session": 403,
    "too_many_requests": 429,
    "too_many_logins": 429,
    "log_check_running": 429,
    # Invalid requests.
    "invalid_request": 422,
    "weak_password": 422,
    "same_password": 422,
    "code_refused": 422,
    "account_invalid": 422,
    "image_format": 415,
    "image_too_large": 413,
    "image_broken": 422,
    "no_face": 422,
    "several_faces": 422,
    "face_unknown": 422,
    "face_quality": 422,
    "too_many_faces": 422,
    "different_person": 422,
    "verification_target": 422,
    "evidence_missing": 422,
    "entry_invalid": 422,
    "query_invalid": 422,
    "review_note_invalid": 422,
    "camera_invalid": 422,
    "camera_aspect_invalid": 422,
    "camera_certificate_invalid": 422,
    "camera_address_invalid": 422,
    "camera_address_refused": 403,
    "camera_unreachable": 502,
    "camera_login": 502,
    "camera_authorities": 500,
    "camera_certificate": 502,
    "check_failed": 502,
    "camera_stream": 502,
    "consent_invalid": 422,
    "time_zone_unknown": 422,
    "declaration_invalid": 422,
    "groups_invalid": 422,
    "consent": 403,
    "consent_required": 403,
    "consent_expired": 403,
    "enrolment_refused": 422,
    "window_invalid": 422,
    "gallery": 422,
    # Objects that do not exist, or exist already.
    "account_unknown": 404,
    "token_unknown": 404,
    "camera_unknown": 404,
    "view_unknown": 404,
    "check_unknown": 404,
    "subject_unknown": 404,
    "consent_unknown": 404,
    "declaration_unknown": 404,
    "reference_unknown": 404,
    "alert_unknown": 404,
    "entry_unknown": 404,
    "tile_unknown": 404,
    "account_exists": 409,
    "account_look_alike": 409,
    "last_administrator": 409,
    "camera_exists": 409,
    "already_reviewed": 409,
    "likely_duplicate": 409,
    "alert_closed": 409,
    "clock_sound": 409,
    "subject_withdrawn": 410,
    "alert_picture_gone": 410,
    "no_decision": 422,
    # The service cannot do it now.
    "busy": 503,
    "store_busy": 503,
    "needs": 503,
    "decoder": 503,
    "parquet_missing": 501,
    "store_full": 507,
    "store_failed": 503,
    "store_closed": 503,
    "log_unavailable": 503,
    "log_uncosigned": 503,
    "clock_set_back": 503,
    "erasure_pending": 503,
    "shard_behind": 503,
    # Faults that an administrator must mend at the machine.
    "internal": 500,
    "store_error": 500,
    "store_broken": 500,
    "seal_broken": 500,
    "master_key": 500,
    "model": 500,
    "model_mismatch": 500,
    "log": 500,
    "log_key": 500,
    "log_truncated": 500,
    "log_head": 500,
    "log_unsound": 500,
    "log_changed": 500,
    "entry_newer": 500,
    "note_invalid": 500,
    "receipt_invalid": 500,
    "log_export": 500,
    "log_served": 500,
    "witness": 500,
    "witness_policy": 500,
    "cosigning": 500,
    "no_candidate": 500,
    "operating_point": 500,
    "embedder_entry": 500,
    "fusion_setting": 500,
    "operating_point_unknown": 500,
    "operating_point_setting": 500,
    "operating_point_name": 500,
    "calibration": 500,
    "recogniser_undecided": 500,
    "score_file": 500,
    # Errors of the start, of commands and of rehearsals, which no HTTP request meets.
    "schema_too_new": 500,
    "folder": 500,
    "data_folder_unusable": 500,
    "database_unusable": 500,
    "data_folder_in_use": 500,
    "data_folder_open": 500,
    "address_in_use": 500,
    "command_socket": 500,
    "service_gone": 500,
    "refused": 500,
    "plain_http": 500,
    "tls": 500,
    "no_account": 500,
    "setting_invalid": 500,
    "processor": 500,
    "demo_folder": 500,
    "demo_failed": 500,
    "rehearsal_failed": 500,
}
"""All error codes; a test compares them with the subclasses of ClearglassError."""

_BY_STATUS: Mapping[int, tuple[str, str, str]] = {
    400: (
        "malformed_request",
        "The request could not be read.",
        "Send it in the form that /api/v1/openapi.json describes.",
    ),
    404: ("not_found", "There is nothing at this address.", "See /api/v1/openapi.json for the valid addresses."),
    405: (
        "method_not_allowed",
        "This address does not take that method.",
        "See /api/v1/openapi.json for the methods of each address.",
    ),
    408: (
        "request_timeout",
        "The request did not arrive in time: it stalled, or came too slowly.",
        "Send it again, over a faster connection.",
    ),
    413: (
        "request_too_large",
        "The request is too large.",
        "Send fewer or smaller pictures: at most 20 MB each, and 20 of them with 100 MB together to enrol somebody.",
    ),
    415: ("media_type", "The media type of the request is not accepted here.", "See /api/v1/openapi.json."),
}
_INTERNAL = (
    "internal",
    "Something went wrong inside the service.",
    "Try again. If the error remains, look at the service's log.",
)


class ErrorDetail(BaseModel):
    """What was wrong, and what to do. Some codes add another field, which all other errors leave out."""

    code: str = Field(description="Stable, for programs.", examples=["no_face"])
    message: str = Field(description="What was wrong and where.", examples=["No face was found in the picture."])
    remedy: str = Field(
        description="What to do about it.", examples=["Send a picture that shows one face from the front."]
    )
    picture: FaceListingOut | None = Field(
        default=None, description="Only if a face must be chosen: the picture's faces."
    )
    refused: list[RefusedOut] | None = Field(
        default=None,
        description="Only if no picture of an enrolment could be used: the pictures, each with its reason.",
    )
    duplicates: list[DuplicateOut] | None = Field(
        default=None, description="Only for `likely_duplicate`: the subjects to acknowledge, nearest first."
    )


class ErrorBody(BaseModel):
    """The form of every error."""

    error: ErrorDetail


def error_response(
    status: int,
    code: str,
    message: str,
    remedy: str,
    *,
    headers: Mapping[str, str] | None = None,
    details: Mapping[str, Any] | None = None,
) -> JSONResponse:
    """Returns an error answer. details: fields of ErrorDetail beside code, message and remedy."""
    detail = ErrorDetail(code=code, message=message, remedy=remedy, **(details or {}))
    content = ErrorBody(error=detail).model_dump(mode="json", exclude_unset=True)
    return JSONResponse(content, status_code=status, headers=dict(headers or {}))


def add_error_handlers(app: FastAPI) -> None:
    """Makes the app answer every error in this one form, which shows no internal details."""
    app.add_exception_handler(ClearglassError, _clearglass)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, _internal)


def _clearglass(request: Request, error: Exception) -> Response:
    assert isinstance(error, ClearglassError)  # noqa: S101 - for the type checker
    status = STATUS.get(error.code, 500)
    if status >= 500:
        _LOG.error("%s %s: %s: %s", request.method, request.scope.get("path"), error.code, error.message)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    details = {**_faces(error), **enrolment_details(error, request)}
    return error_response(status, error.code, error.message, error.remedy, headers=headers, details=details)


def _faces(error: ClearglassError) -> Mapping[str, Any]:
    if isinstance(error, SeveralFacesError | FaceUnknownError):
        return {"picture": FaceListingOut.of(error.listing)}
    return {}


def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - for the type checker
    # Only places and reasons are repeated: a value that was sent may be a password.
    faults = "; ".join(f"{_place(fault['loc'])}: {fault['msg']}" for fault in error.errors()[:10])
    return error_response(
        422, "invalid_request", f"The request is not valid. {faults}.", "Correct it and send it again."
    )


def _place(location: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in location[1:]) or "request"


def status_response(status: int, *, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Returns the error answer for a status that has no error code of its own."""
    return error_response(status, *_BY_STATUS.get(status, _INTERNAL), headers=headers)


def http_error(request: Request, error: Exception) -> Response:
    """Returns the answer to an error of HTTP itself, such as an unknown address."""
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
    headers = {**(error.headers or {})}
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_methods(request))
    return status_response(error.status_code, headers=headers)


def _methods(request: Request) -> Iterator[str]:
    """Yields all methods of the request's address; Starlette's own error names only those of the first route."""
    for method in HTTPMethod:
        scope = {**request.scope, "method": method.value}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            yield method.value


def _internal(request: Request, error: Exception) -> Response:
    # This answer is made outside all middleware, so the headers are added here.
    return error_response(500, *_INTERNAL, headers=SECURITY_HEADERS)
