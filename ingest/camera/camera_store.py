"""The cameras of this site in the database: logins and paths are sealed, and every change is in the log."""

import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Unpack

from ingest.camera.address import AddressPolicy, check_login, is_local, parse_address, split_address, split_path
from ingest.camera.camera import UNVERIFIED, Camera, Credentials, ListedCamera
from ingest.camera.camera_settings import CameraSettings, ChangedSettings
from ingest.camera.certificate_rule import CertificateRuleError, parse_certificate_rule
from ingest.camera.picture_shape import ROTATIONS, parse_aspect
from matcher.clock import Clock, system_clock
from matcher.errors import ClearglassError
from matcher.log.entry import EntryKind
from matcher.plain_text import fault_of, tidied
from matcher.time_zone import time_zone

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from matcher.log.log import AuditLog
    from matcher.store.database import Database
    from matcher.store.sealing import MasterKey

MAX_TEXT = 100
"""The greatest length of a name or a purpose, in characters."""

MAX_ANALYSED_FPS = 30.0

MIN_SNAPSHOT_SECONDS, MAX_SNAPSHOT_SECONDS = 0.2, 3600.0

_UNSEALED_COLUMNS = (
    "name",
    "purpose",
    "analysed_fps",
    "min_eye_distance",
    "enabled",
    "rotation",
    "mirrored",
    "aspect",
    "certificate",
    "snapshot_seconds",
    "time_zone",
)


class CameraUnknownError(ClearglassError):
    """No camera has this id."""

    code: ClassVar[str] = "camera_unknown"


class CameraExistsError(ClearglassError):
    """Another camera has this name."""

    code: ClassVar[str] = "camera_exists"


class CameraInvalidError(ClearglassError):
    """A camera's name, purpose, number or substream is outside what is allowed."""

    code: ClassVar[str] = "camera_invalid"


class CameraStore:
    """Adds, changes and removes cameras. An address is checked against the site's policy before it is stored."""

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
        local: bool = False,
        **settings: Unpack[CameraSettings],
    ) -> Camera:
        """Stores a new camera under a new id. A login within its addresses is removed from them and sealed.

        local: whether a file or a device may be the camera (command line only). Raises CameraAddressInvalidError,
        CameraAddressRefusedError, CameraInvalidError, CameraExistsError, AspectError, CertificateRuleError,
        TimeZoneUnknownError, and what the store and the log raise.
        """
        given = _tidy({**settings, "name": name, "address": address, "purpose": purpose})
        camera = Camera(id=str(uuid.uuid4()), **given)
        _check(camera)
        self._policy.locate(camera.address, local=local)
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

    def listed(self) -> dict[str, ListedCamera]:
        """Every camera by its id; no seal is opened for it."""
        from matcher.store import tables

        columns = tables.camera.c
        query = tables.camera.select().with_only_columns(columns.id, columns.name, columns.purpose, columns.time_zone)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return {row["id"]: ListedCamera(**row) for row in rows}

    def get(self, camera_id: str) -> Camera:
        """One camera. Raises CameraUnknownError."""
        with self._database.reading() as connection:
            return self._found(connection, camera_id)

    def update(self, camera_id: str, *, actor: str, local: bool = False, **change: Unpack[ChangedSettings]) -> Camera:
        """Changes the settings that are given; returns the camera as it is now.

        A login, a substream and a certificate rule hold only for the host and port they were given for: for a new host
        or port they must be given again. Raises as `add` does, and CameraUnknownError.
        """
        from matcher.store import tables

        given = _tidy(change)
        place = given.get("address")
        # Before the transaction, because locate may wait for the name service. An unchanged address is not checked
        # again.
        if place is not None and place != self.get(camera_id).address:
            self._policy.locate(place, local=local)
        with self._log.writing() as connection:
            old = self._found(connection, camera_id)
            if not _same_place(old.address, place):
                old = replace(old, credentials=None, substream=None, certificate=None)
            camera = replace(old, **given)
            _check(camera)
            self._require_free_name(connection, camera)
            connection.execute(tables.camera.update().where(tables.camera.c.id == camera_id).values(self._row(camera)))
            self._record(connection, "changed", camera, actor)
        return camera

    def remove(self, camera_id: str, *, actor: str) -> None:
        """Removes a camera and its login. Raises CameraUnknownError."""
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
            **{name: kept[name] for name in _UNSEALED_COLUMNS},
        )

    def _row(self, camera: Camera) -> dict[str, object]:
        """Seals login, path and substream: some cameras have their password in the path."""
        place, path = split_path(camera.address)
        sealed, login = None, camera.credentials
        if login is not None or path:
            secrets = [None, None, path] if login is None else [login.username, login.password, path]
            sealed = self._key.seal(json.dumps(secrets).encode(), context=_context(camera.id))
        shown = {name: getattr(camera, name) for name in _UNSEALED_COLUMNS}
        smaller = None
        if camera.substream is not None:
            smaller = self._key.seal(camera.substream.encode(), context=_substream_context(camera.id))
        return {**shown, "address": place, "sealed_credentials": sealed, "sealed_substream": smaller}

    def _opened_substream(self, camera_id: str, sealed: bytes | None) -> str | None:
        return None if sealed is None else self._key.open(sealed, context=_substream_context(camera_id)).decode()

    def _record(self, connection: "Connection", action: str, camera: Camera, actor: str) -> None:
        """Names host and port and no path: some cameras have passwords there."""
        body = {
            "action": action,
            "actor": actor,
            "camera": camera.id,
            "name": camera.name,
            "place": "local" if is_local(camera.address) else str(parse_address(camera.address)),
            "purpose": camera.purpose,
            "enabled": camera.enabled,
        }
        if _uses_tls(camera):
            body["certificate"] = _certificate_in_a_word(camera)
        if camera.time_zone is not None:
            body["time_zone"] = camera.time_zone
        self._log.append(connection, EntryKind.CAMERA, body)


def _tidy(change: ChangedSettings) -> ChangedSettings:
    """The change with its texts in stored form, and with a login split from the address."""
    tidy = change.copy()
    if "name" in tidy:
        tidy["name"] = tidied(tidy["name"])
    if "purpose" in tidy:
        tidy["purpose"] = tidied(tidy["purpose"])
    if "address" in tidy:
        tidy["address"], login = split_address(tidy["address"])
        if login is not None and tidy.get("credentials") is None:
            tidy["credentials"] = login
    substream, aspect, certificate = tidy.get("substream"), tidy.get("aspect"), tidy.get("certificate")
    zone = tidy.get("time_zone")
    if substream is not None:
        tidy["substream"] = split_address(substream)[0]
    if aspect is not None:
        parse_aspect(aspect)
        tidy["aspect"] = "".join(aspect.split())
    if certificate is not None:
        tidy["certificate"] = parse_certificate_rule(certificate)
    if zone is not None:
        tidy["time_zone"] = time_zone(zone.strip()).key
    return tidy


def _check(camera: Camera) -> None:
    for what, text in (("name", camera.name), ("purpose", camera.purpose)):
        fault = fault_of(text, most=MAX_TEXT)
        if fault is not None:
            raise CameraInvalidError(f"The camera's {what} {fault}.", remedy=f"Give another {what}.")
    if not 0.1 <= camera.analysed_fps <= MAX_ANALYSED_FPS:
        raise CameraInvalidError(
            f"A camera can be analysed 0.1 to {MAX_ANALYSED_FPS:g} times a second.", remedy="5 is a good start."
        )
    if not 8 <= camera.min_eye_distance <= 1000:
        raise CameraInvalidError(
            "The least distance between the eyes must be 8 to 1000 pixels.", remedy="20 is a good start."
        )
    if camera.rotation not in ROTATIONS:
        raise CameraInvalidError(
            "A camera's picture can be rotated by 0, 90, 180 or 270 degrees clockwise.", remedy="Give one of these."
        )
    if not MIN_SNAPSHOT_SECONDS <= camera.snapshot_seconds <= MAX_SNAPSHOT_SECONDS:
        raise CameraInvalidError(
            f"The pause between two still pictures must be {MIN_SNAPSHOT_SECONDS:g} to {MAX_SNAPSHOT_SECONDS:g} "
            "seconds.",
            remedy="1 is a good start.",
        )
    if camera.certificate is not None and not _uses_tls(camera):
        raise CertificateRuleError(
            "This camera's address uses no TLS, so there is no certificate to accept.",
            remedy="Leave the certificate out, or give an address that begins with rtsps:// or https://.",
        )
    if camera.credentials is not None:
        check_login(camera.credentials)
    if camera.substream is not None and (
        is_local(camera.address) or is_local(camera.substream) or not _same_place(camera.address, camera.substream)
    ):
        raise CameraInvalidError(
            "A camera's substream must come from the same host and port as its main stream, by the same protocol.",
            remedy="Look the substream's path up in the camera's manual, or leave it out.",
        )


def _uses_tls(camera: Camera) -> bool:
    return not is_local(camera.address) and parse_address(camera.address).uses_tls


def _certificate_in_a_word(camera: Camera) -> str:
    """The camera in the form of the log's schema."""
    if camera.certificate is None:
        return "verified"
    return "unverified" if camera.certificate == UNVERIFIED else "pinned"


def _context(camera_id: str) -> str:
    return f"camera:{camera_id}:credentials"


def _substream_context(camera_id: str) -> str:
    return f"camera:{camera_id}:substream"


def _same_place(old: str, new: str | None) -> bool:
    """True if a login given for one address may be sent to the other: an editor must not be able to send it to another
    host."""
    if new is None or old == new:
        return True
    if is_local(old) or is_local(new):
        return False
    before, after = parse_address(old), parse_address(new)
    return (before.host, before.port, before.scheme) == (after.host, after.port, after.scheme)
