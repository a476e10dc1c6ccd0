"""What each kind of entry says, as a schema: published as JSON Schema, and what auditors hold every entry against.

The `version` of an entry names the schema. What is said here and in `bodies/` stays readable for as long as there are
logs: a kind may be added, and a field that may be missing; anything else is a new version.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Union

from pydantic import Field, TypeAdapter, ValidationError, create_model

from matcher.log.bodies.account import Account, Credential, GalleryRead, Login, LogRead
from matcher.log.bodies.parts import EntryPart, Time
from matcher.log.bodies.people import ConsentChange, Declaration, Enrolment, Erasure, Withdrawal
from matcher.log.bodies.search import Alert, Failure, Outcome, Request, Review
from matcher.log.bodies.service import Camera, Clock, Key, Model, Start, Stop
from matcher.log.entry import VERSION, EntryKind

_BODIES: dict[EntryKind, type[EntryPart]] = {
    EntryKind.REQUEST: Request,
    EntryKind.OUTCOME: Outcome,
    EntryKind.ALERT: Alert,
    EntryKind.REVIEW: Review,
    EntryKind.ENROLMENT: Enrolment,
    EntryKind.WITHDRAWAL: Withdrawal,
    EntryKind.ERASURE: Erasure,
    EntryKind.CONSENT: ConsentChange,
    EntryKind.DECLARATION: Declaration,
    EntryKind.MODEL: Model,
    EntryKind.CAMERA: Camera,
    EntryKind.KEY: Key,
    EntryKind.CLOCK: Clock,
    EntryKind.LOGIN: Login,
    EntryKind.ACCOUNT: Account,
    EntryKind.CREDENTIAL: Credential,
    EntryKind.LOG_READ: LogRead,
    EntryKind.GALLERY_READ: GalleryRead,
    EntryKind.START: Start,
    EntryKind.STOP: Stop,
    EntryKind.FAILURE: Failure,
}


@cache
def published() -> Mapping[str, Any]:
    """The JSON Schema (2020-12) of every entry of this version."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"An entry of Clearglass's log, version {VERSION}",
        **_entries().json_schema(),
    }


def violation(leaf: bytes) -> str | None:
    """Where a leaf, which is JSON, first departs from the schema, and how; None if it does not."""
    try:
        _entries().validate_json(leaf)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "kind"
        return f"{place}: {first['msg']}"
    return None


@cache
def _entries() -> TypeAdapter[Any]:
    """Every kind of entry, told apart by its kind."""
    kinds = tuple(
        create_model(  # type: ignore[call-overload]  # its stubs know of no literals made at run time
            f"{body.__name__}Entry",
            __base__=EntryPart,
            version=Literal[VERSION],
            time=Time,
            kind=Literal[kind.value],
            body=body,
        )
        for kind, body in _BODIES.items()
    )
    told_apart: Any = Field(discriminator="kind")
    return TypeAdapter[Any](Annotated[Union.__getitem__(kinds), told_apart])  # type: ignore[arg-type]
