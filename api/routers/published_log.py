"""The published log (C2SP tlog-tiles), which other people's tools can verify. Checkpoint and hashes are open to
everybody: they reveal the length of the log and nothing of its content. Entries are for accounts that may read the log,
and each read is logged.
"""

import base64
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from starlette.responses import Response

from api.http.guard import Caller, GuardedRoute, ServiceDep, asks
from api.permission import Permission
from api.routers.log import note_reading
from api.service import Service
from matcher.log import schema
from matcher.log.errors import EntryUnknownError
from matcher.log.stored_publication import StoredPublication
from matcher.log.version import NEWEST
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.errors import TileUnknownError
from matcher.tlog.tile import Tile
from matcher.tlog.tree import TiledTree

router = APIRouter(prefix="/log", tags=["published log"], route_class=GuardedRoute)

_BYTES: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}

Level = Annotated[int, Path(ge=0, le=63)]
Number = Annotated[
    str, Path(max_length=64, examples=["x001/234", "x001/235.p/17"], description="The tile's path, as in the format.")
]


class ConsistencyOut(BaseModel):
    """proof: the hashes in base64, as a witness is given them. checkpoint: the newer one, a signed note."""

    old: int
    size: int
    proof: list[str]
    checkpoint: str


@router.get(
    "/checkpoint",
    operation_id="get_checkpoint",
    summary="The newest checkpoint",
    openapi_extra=asks(Permission.PUBLIC),
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "A C2SP signed note: origin, size, root."}},
)
def get_checkpoint(service: ServiceDep) -> Response:
    """The newest checkpoint: it reveals no content, and commits the service to it."""
    return Response(_publication(service).checkpoint(), media_type="text/plain")


@router.get(
    "/consistency",
    operation_id="get_consistency",
    summary="A proof that the log only grew",
    openapi_extra=asks(Permission.PUBLIC),
)
def get_consistency(
    service: ServiceDep, old: Annotated[int, Query(ge=1, lt=2**53, description="Entries of the checkpoint you kept.")]
) -> ConsistencyOut:
    """From a checkpoint with this number of entries to the newest one (RFC 6962, 2.1.2): for holders of the older
    one."""
    publication = _publication(service)
    checkpoint = publication.checkpoint()
    size = Checkpoint.of_own(checkpoint).size
    if old > size:
        raise EntryUnknownError(
            f"The log has published {size} entries, not {old}.",
            remedy="If you hold a checkpoint of that size, the log was cut: report it.",
        )
    proof = TiledTree(size, publication.read).consistency(old)
    return ConsistencyOut(
        old=old, size=size, proof=[base64.b64encode(one).decode() for one in proof], checkpoint=checkpoint
    )


@router.get(
    "/schema",
    operation_id="get_entry_schema",
    summary="The JSON Schema of an entry",
    openapi_extra=asks(Permission.PUBLIC),
)
def get_schema(
    version: Annotated[
        int, Query(ge=1, le=NEWEST, description="The version of entries; the newest, which is written, by default.")
    ] = NEWEST,
) -> Mapping[str, Any]:
    """The fields of each kind of entry: `clearglass audit verify` checks every entry of that version by it."""
    return schema.published(version)


@router.get(
    "/tile/entries/{number:path}",
    operation_id="get_entry_bundle",
    summary="Up to 256 entries",
    openapi_extra=asks(Permission.LOG_READ),
    response_class=Response,
    responses=_BYTES,
)
def get_bundle(number: Number, caller: Caller, service: ServiceDep) -> Response:
    """A bundle of entries, each behind its length of two bytes. The read is logged before it is read."""
    tile = _tile(f"tile/entries/{number}")
    note_reading(service, caller, {"tile": tile.path})
    return Response(_publication(service).read(tile), media_type="application/octet-stream")


@router.get(
    "/tile/{level}/{number:path}",
    operation_id="get_tile",
    summary="Up to 256 hashes of the tree",
    openapi_extra=asks(Permission.PUBLIC),
    response_class=Response,
    responses=_BYTES,
)
def get_tile(level: Level, number: Number, service: ServiceDep) -> Response:
    """A tile of the Merkle tree, 32 bytes for each hash; it never changes."""
    data = _publication(service).read(_tile(f"tile/{level}/{number}"))
    return Response(data, media_type="application/octet-stream", headers=_FOR_EVER)


def _publication(service: Service) -> StoredPublication:
    return StoredPublication(service.matcher.database)


def _tile(path: str) -> Tile:
    try:
        return Tile.parse(path)
    except ValueError as error:
        raise TileUnknownError(path) from error
