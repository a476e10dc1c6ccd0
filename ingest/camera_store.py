"""The cameras of this site as they are kept: in the database, logins and paths sealed, every change in the log."""

import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ingest.address import AddressPolicy, encoded_login, is_local, parse_address, split_address, split_path
from ingest.camera import Camera, Credentials
from matcher.audit.entry import EntryKind
from matcher.clock import Clock, system_clock
from matcher.errors import ClearglassError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from matcher.audit.log import AuditLog
    from matcher.store.database import Database
    from matcher.store.sealing import MasterKey

MAX_ANALYSED_FPS = 30.0

_IN_THE_OPEN = ("name", "purpose", "analysed_fps", "min_eye_distance", "enabled")


class CameraUnknownError(ClearglassError):
    """No camera has this id."""

    code: ClassVar[str] = "camera_unknown"


class CameraExistsError(ClearglassError):
    """Another camera has this name."""

    code: ClassVar[str] = "camera_exists"


class CameraInvalidError(ClearglassError):
    """A camera's name, purpose or number is outside what is allowed."""

    code: ClassVar[str] = "camera_invalid"


class CameraStore:
    """Adds, changes and removes cameras. An address is checked against the site's policy before it is kept."""

    def __init__(
        self,
        database: "Database",
        master_key: "MasterKey",
        log: "AuditLog",
        *,
        policy: AddressPolicy,
        clock: Clock = system_clock,
    ) -> None:
        self._database = database
        self._key = master_key
        self._log = log
        self._policy = policy
        self._clock = clock

    def add(
        self,
        *,
        actor: str,
        name: str,
        address: str,
        purpose: str,
        credentials: Credentials | None = None,
        substream: str | None = None,
        analysed_fps: float = 5.0,
        min_eye_distance: float = 20.0,
        enabled: bool = True,
        local: bool = False,
    ) -> Camera:
        """Keeps a new camera under an id of its own. A login within its addresses is taken out of them and sealed.

        local: whether a file or a device may be the camera (command line only). Raises CameraAddressInvalidError,
        CameraAddressRefusedError, CameraInvalidError, CameraExistsError, and what the store and the log raise.
        """
        place, found = split_address(address)
        camera = Camera(
            id=str(uuid.uuid4()),
            name=name.strip(),
            address=place,
            purpose=purpose.strip(),
            credentials=credentials or found,
            substream=None if substream is None else split_address(substream)[0],
            analysed_fps=analysed_fps,
            min_eye_distance=min_eye_distance,
            enabled=enabled,
        )
        _check(camera)
        self._policy.locate(place, local=local)
        from matcher.store import tables

        with self._log.writing() as connection:
            self._require_free_name(connection, camera)
            row = self._row(camera) | {"id": camera.id, "created_at": self._clock()}
            connection.execute(tables.camera.insert().values(row))
            self._record(connection, "added", camera, actor)
        return camera

    def list(self) -> tuple[Camera, ...]:
        """Every camera, by name."""
        from matcher.store import tables

        with self._database.reading() as connection:
            rows = connection.execute(tables.camera.select().order_by(tables.camera.c.name)).all()
        return tuple(map(self._camera, rows))

    def get(self, camera_id: str) -> Camera:
        """One camera. Raises CameraUnknownError."""
        with self._database.reading() as connection:
            return self._found(connection, camera_id)

    def update(
        self,
        camera_id: str,
        *,
        actor: str,
        name: str | None = None,
        address: str | None = None,
        purpose: str | None = None,
        credentials: Credentials | None = None,
        forget_credentials: bool = False,
        substream: str | None = None,
        forget_substream: bool = False,
        analysed_fps: float | None = None,
        min_eye_distance: float | None = None,
        enabled: bool | None = None,
        local: bool = False,
    ) -> Camera:
        """Changes what is not None; returns the camera as it is now. Raises as `add` does, and CameraUnknownError.

        A login and a substream are kept only for the host and port they were given for: with a new place come new ones,
        or none.
        """
        from matcher.store import tables

        place, found = (None, None) if address is None else split_address(address)
        given: dict[str, Any] = {
            "name": None if name is None else name.strip(),
            "address": place,
            "purpose": None if purpose is None else purpose.strip(),
            "analysed_fps": analysed_fps,
            "min_eye_distance": min_eye_distance,
            "enabled": enabled,
        }
        changes = {field: value for field, value in given.items() if value is not None}
        # Before the transaction, for it asks the name service; an address that was allowed once is not asked for again.
        if place is not None and place != self.get(camera_id).address:
            self._policy.locate(place, local=local)
        with self._log.writing() as connection:
            old = self._found(connection, camera_id)
            stays = _same_place(old.address, place)
            kept = old.credentials if stays and not forget_credentials else None
            smaller = old.substream if stays and not forget_substream else None
            if substream is not None:
                smaller = split_address(substream)[0]
            camera = replace(old, **changes, credentials=credentials or found or kept, substream=smaller)
            _check(camera)
            self._require_free_name(connection, camera)
            connection.execute(tables.camera.update().where(tables.camera.c.id == camera_id).values(self._row(camera)))
            self._record(connection, "changed", camera, actor)
        return camera

    def remove(self, camera_id: str, *, actor: str) -> None:
        """Forgets a camera and its login. Raises CameraUnknownError."""
        from matcher.store import tables

        with self._log.writing() as connection:
            camera = self._found(connection, camera_id)
            connection.execute(tables.camera.delete().where(tables.camera.c.id == camera_id))
            self._record(connection, "removed", camera, actor)

    def _require_free_name(self, connection: "Connection", camera: Camera) -> None:
        from matcher.store import tables

        same = tables.camera.select().where(tables.camera.c.name == camera.name, tables.camera.c.id != camera.id)
        if connection.execute(same).first() is not None:
            raise CameraExistsError("There is a camera of this name already.", remedy="Choose another name.")

    def _found(self, connection: "Connection", camera_id: str) -> Camera:
        from matcher.store import tables

        row = connection.execute(tables.camera.select().where(tables.camera.c.id == camera_id)).first()
        if row is None:
            raise CameraUnknownError("There is no such camera.", remedy="List the cameras to see their ids.")
        return self._camera(row)

    def _camera(self, row: "Row[tuple[object, ...]]") -> Camera:
        kept = row._mapping
        credentials, path = None, ""
        if kept["sealed_credentials"] is not None:
            username, password, *paths = json.loads(
                self._key.open(kept["sealed_credentials"], context=_context(kept["id"]))
            )
            # Rows of earlier versions hold the whole address in the open, and no path here.
            path = "".join(paths)
            credentials = None if username is None else Credentials(username=username, password=password)
        return Camera(
            id=kept["id"],
            address=kept["address"] + path,
            credentials=credentials,
            substream=self._opened_substream(kept["id"], kept["sealed_substream"]),
            **{name: kept[name] for name in _IN_THE_OPEN},
        )

    def _row(self, camera: Camera) -> dict[str, object]:
        """Login, path and substream go under seal: some cameras are given their password in the path."""
        place, path = split_path(camera.address)
        sealed, login = None, camera.credentials
        if login is not None or path:
            secrets = [None, None, path] if login is None else [login.username, login.password, path]
            sealed = self._key.seal(json.dumps(secrets).encode(), context=_context(camera.id))
        shown = {name: getattr(camera, name) for name in _IN_THE_OPEN}
        smaller = None
        if camera.substream is not None:
            smaller = self._key.seal(camera.substream.encode(), context=_substream_context(camera.id))
        return {**shown, "address": place, "sealed_credentials": sealed, "sealed_substream": smaller}

    def _opened_substream(self, camera_id: str, sealed: bytes | None) -> str | None:
        return None if sealed is None else self._key.open(sealed, context=_substream_context(camera_id)).decode()

    def _record(self, connection: "Connection", action: str, camera: Camera, actor: str) -> None:
        """Says host and port and no path: some cameras are given passwords there."""
        body = {
            "action": action,
            "actor": actor,
            "camera": camera.id,
            "name": camera.name,
            "place": "local" if is_local(camera.address) else str(parse_address(camera.address)),
            "purpose": camera.purpose,
            "enabled": camera.enabled,
        }
        self._log.append(connection, EntryKind.CAMERA, body)


def _check(camera: Camera) -> None:
    for what, text in (("name", camera.name), ("purpose", camera.purpose)):
        if not 0 < len(text) <= 100 or not text.isprintable():
            raise CameraInvalidError(
                f"The camera's {what} must be 1 to 100 printable characters.", remedy=f"Give another {what}."
            )
    if not 0.1 <= camera.analysed_fps <= MAX_ANALYSED_FPS:
        raise CameraInvalidError(
            f"A camera can be analysed 0.1 to {MAX_ANALYSED_FPS:g} times a second.", remedy="5 is a good start."
        )
    if not 8 <= camera.min_eye_distance <= 1000:
        raise CameraInvalidError(
            "The least distance between the eyes must be 8 to 1000 pixels.", remedy="20 is a good start."
        )
    if camera.credentials is not None:
        encoded_login(camera.credentials)
    if camera.substream is not None and (
        is_local(camera.address) or is_local(camera.substream) or not _same_place(camera.address, camera.substream)
    ):
        raise CameraInvalidError(
            "A camera's substream must come from the same host and port as its main stream, by the same protocol.",
            remedy="Look the substream's path up in the camera's manual, or leave it out.",
        )


def _context(camera_id: str) -> str:
    return f"camera:{camera_id}:credentials"


def _substream_context(camera_id: str) -> str:
    return f"camera:{camera_id}:substream"


def _same_place(old: str, new: str | None) -> bool:
    """Whether a login given for one address may go to the other, and not to a host of an editor's choosing."""
    if new is None or old == new:
        return True
    if is_local(old) or is_local(new):
        return False
    before, after = parse_address(old), parse_address(new)
    return (before.host, before.port, before.scheme) == (after.host, after.port, after.scheme)
