from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.camera.address import (
    AddressPolicy,
    CameraAddressInvalidError,
    CameraAddressRefusedError,
    Location,
    parse_address,
)
from ingest.camera.camera import Camera, Credentials
from ingest.camera.camera_store import CameraExistsError, CameraInvalidError, CameraStore, CameraUnknownError
from ingest.camera.certificate_rule import CertificateRuleError
from ingest.camera.picture_shape import AspectError
from matcher.clock import system_clock
from matcher.log.entry import AuditEntry, EntryKind
from matcher.log.log import AuditLog
from matcher.log.schema import violation
from matcher.store.database import Database
from matcher.store.sealing import load_master_key
from matcher.time_zone import TimeZoneUnknownError
from tests.empty_folder import empty_folder

CANARY = "canary%21@:/#7531"
ACTOR = "user:op"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(empty_folder(tmp_path / "data")) as database:
        yield database


@pytest.fixture
def log(database: Database) -> AuditLog:
    return AuditLog(database, clock=system_clock)


@pytest.fixture
def store(database: Database, log: AuditLog, policy: AddressPolicy) -> CameraStore:
    return CameraStore(database, load_master_key(database), log, policy=policy)


def add(store: CameraStore, **changes: Any) -> Camera:
    given: dict[str, Any] = {"actor": ACTOR, "name": "lobby", "address": "rtsp://127.0.0.1:9/x", "purpose": "entry"}
    return store.add(**{**given, **changes})


def entries(log: AuditLog) -> list[AuditEntry]:
    return [entry for entry in log.entries(0, 100) if entry.kind is EntryKind.CAMERA]


def test_what_is_added_is_found_again(store: CameraStore) -> None:
    login = Credentials(username="admin", password=CANARY)
    camera = add(store, credentials=login, analysed_fps=3.0, min_eye_distance=30.0, enabled=False)
    assert store.get(camera.id) == camera
    assert store.list() == (camera,)
    assert store.get(camera.id).credentials == login


def test_a_login_in_the_address_is_taken_out_and_sealed(store: CameraStore, log: AuditLog, database: Database) -> None:
    camera = add(store, address="rtsp://admin:canary@:/#7531@127.0.0.1:9/x")
    assert camera.address == "rtsp://127.0.0.1:9/x"
    assert store.get(camera.id).credentials == Credentials(username="admin", password="canary@:/#7531")
    store.update(camera.id, actor=ACTOR, name="hall")
    store.remove(camera.id, actor=ACTOR)
    assert "7531" not in repr(camera) + str([entry.body for entry in log.entries(0, 100)])
    database.close()
    for file in database.folder.iterdir():
        assert b"7531" not in file.read_bytes(), file.name


def test_every_change_is_in_the_log(store: CameraStore, log: AuditLog) -> None:
    camera = add(store, address="rtsp://127.0.0.1:9/path?password=canary")
    store.update(camera.id, actor=ACTOR, enabled=False)
    store.remove(camera.id, actor=ACTOR)
    assert [entry.body["action"] for entry in entries(log)] == ["added", "changed", "removed"]
    assert {entry.body["place"] for entry in entries(log)} == {"rtsp://127.0.0.1:9"}
    assert "canary" not in str([entry.body for entry in entries(log)])


def test_a_password_in_the_path_is_sealed_and_not_shown(store: CameraStore, database: Database) -> None:
    camera = add(store, address="rtsp://127.0.0.1:9/path?password=canary7531")
    assert store.get(camera.id) == camera
    moved = store.update(camera.id, actor=ACTOR, address="rtsp://127.0.0.1:9/canary7531", name="hall")
    assert store.get(camera.id) == moved and moved.credentials is None
    assert "7531" not in repr(moved) + repr(parse_address(moved.address))
    database.close()
    for file in database.folder.iterdir():
        assert b"7531" not in file.read_bytes(), file.name


def test_two_changes_at_once_are_both_kept(
    store: CameraStore, database: Database, log: AuditLog, policy: AddressPolicy
) -> None:
    camera = add(store)

    class Slow(AddressPolicy):
        def locate(self, text: str, *, local: bool = False) -> Location:
            """While the name service is asked, somebody else changes the camera."""
            store.update(camera.id, actor="user:other", name="hall", enabled=False)
            return policy.locate(text, local=local)

    slow = CameraStore(database, load_master_key(database), log, policy=Slow(networks=(), ports=()))
    slow.update(camera.id, actor=ACTOR, address="rtsp://127.0.0.1:9/other")
    changed = store.get(camera.id)
    assert (changed.name, changed.enabled, changed.address) == ("hall", False, "rtsp://127.0.0.1:9/other")


def test_names_are_unique(store: CameraStore) -> None:
    first, second = add(store), add(store, name="hall")
    with pytest.raises(CameraExistsError):
        add(store, name=" lobby ")
    with pytest.raises(CameraExistsError):
        store.update(second.id, actor=ACTOR, name="lobby")
    assert store.update(first.id, actor=ACTOR, name="lobby", enabled=False).enabled is False


@pytest.mark.parametrize("change", ["get", "update", "remove"])
def test_unknown(store: CameraStore, change: str) -> None:
    with pytest.raises(CameraUnknownError):
        getattr(store, change)("no-such", **({} if change == "get" else {"actor": ACTOR}))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "a" * 101},
        {"name": "a\nb"},
        {"purpose": " "},
        {"analysed_fps": 0.0},
        {"analysed_fps": 61.0},
        {"analysed_fps": float("nan")},
        {"min_eye_distance": 1.0},
        {"rotation": 45},
        {"rotation": -90},
        {"snapshot_seconds": 0.1},
        {"snapshot_seconds": 3601.0},
        {"snapshot_seconds": float("nan")},
    ],
)
def test_invalid(store: CameraStore, changes: dict[str, Any]) -> None:
    camera = add(store, name="other")
    with pytest.raises(CameraInvalidError):
        add(store, **changes)
    with pytest.raises(CameraInvalidError):
        store.update(camera.id, actor=ACTOR, **changes)
    assert store.list() == (camera,)


@pytest.mark.parametrize("what", ["name", "purpose"])
def test_a_text_that_shows_otherwise_than_it_is_kept_is_refused(store: CameraStore, what: str) -> None:
    with pytest.raises(CameraInvalidError, match=rf"camera's {what} holds U\+202E .*order"):
        add(store, **{what: "Lob\u202eyb"})


def test_texts_are_kept_composed_whatever_keyboard_wrote_them(store: CameraStore) -> None:
    camera = add(store, name=" Cafe\u0301 ", purpose="fe\u0302te")
    assert (camera.name, camera.purpose) == ("Caf\u00e9", "f\u00eate")


def test_refused_addresses_are_not_kept(store: CameraStore, log: AuditLog) -> None:
    for address in ("file:///etc/passwd", "rtsp://8.8.8.8/x", "rtsp://169.254.169.254/"):
        with pytest.raises(CameraAddressRefusedError):
            add(store, address=address)
    with pytest.raises(CameraAddressInvalidError):
        add(store, address="rtsp://2130706433/x")
    assert store.list() == () and entries(log) == []


def test_a_file_only_with_local(store: CameraStore, clip: Path) -> None:
    camera = add(store, address=str(clip), local=True)
    assert store.update(camera.id, actor=ACTOR, name="hall").address == str(clip)
    with pytest.raises(CameraAddressRefusedError):
        store.update(camera.id, actor=ACTOR, address=str(clip.parent))


def test_a_login_does_not_follow_to_another_host(store: CameraStore) -> None:
    """Otherwise an editor of a camera could have its password sent to a server of their own."""
    camera = add(store, credentials=Credentials(username="admin", password=CANARY))
    moved = store.update(camera.id, actor=ACTOR, address="rtsp://127.0.0.1:9/other")
    assert moved.credentials == camera.credentials
    assert store.update(camera.id, actor=ACTOR, address="rtsp://127.0.0.2:9/x").credentials is None


def test_forgetting_a_login(store: CameraStore) -> None:
    camera = add(store, credentials=Credentials(username="admin", password=CANARY))
    assert store.update(camera.id, actor=ACTOR, credentials=None).credentials is None
    assert store.get(camera.id).credentials is None


SUBSTREAM = "rtsp://127.0.0.1:9/canary7531/small?password=canary7531"


def test_a_substream_is_sealed_whole_and_kept_for_its_host_only(
    store: CameraStore, log: AuditLog, database: Database
) -> None:
    camera = add(store, substream=SUBSTREAM)
    assert camera.substream == SUBSTREAM and store.get(camera.id) == camera
    assert store.update(camera.id, actor=ACTOR, name="hall").substream == SUBSTREAM
    assert store.update(camera.id, actor=ACTOR, address="rtsp://127.0.0.1:9/y").substream == SUBSTREAM
    moved = store.update(camera.id, actor=ACTOR, address="rtsp://127.0.0.2:9/y")
    assert moved.substream is None and store.get(camera.id) == moved
    again = store.update(camera.id, actor=ACTOR, substream="rtsp://joe:canary7531@127.0.0.2:9/small")
    assert again.substream == "rtsp://127.0.0.2:9/small"
    assert store.update(camera.id, actor=ACTOR, substream=None).substream is None
    store.update(camera.id, actor=ACTOR, address="rtsp://127.0.0.1:9/x", substream=SUBSTREAM)
    assert "7531" not in repr(store.get(camera.id)) + str([entry.body for entry in log.entries(0, 100)])
    database.close()
    for file in database.folder.iterdir():
        assert b"7531" not in file.read_bytes(), file.name


@pytest.mark.parametrize(
    "substream",
    ["rtsp://127.0.0.2:9/x", "rtsp://127.0.0.1:10/x", "http://127.0.0.1:9/x", "/etc/passwd", "file:///etc/passwd", ""],
)
def test_a_substream_from_elsewhere_is_refused(store: CameraStore, substream: str) -> None:
    with pytest.raises(CameraInvalidError, match="same host"):
        add(store, substream=substream)
    camera = add(store)
    with pytest.raises(CameraInvalidError, match="same host"):
        store.update(camera.id, actor=ACTOR, substream=substream)
    assert store.get(camera.id) == camera


def test_a_file_has_no_substream(store: CameraStore, clip: Path) -> None:
    with pytest.raises(CameraInvalidError, match="same host"):
        add(store, address=str(clip), local=True, substream=str(clip))


FINGERPRINT = "0123456789abcdef" * 4
AS_OPENSSL = ":".join(FINGERPRINT[at : at + 2] for at in range(0, 64, 2)).upper()


def test_the_settings_of_picture_and_connection_are_kept_and_changed(store: CameraStore) -> None:
    camera = add(
        store,
        address="https://127.0.0.1:9/snap.jpg",
        rotation=270,
        mirrored=True,
        aspect=" 16 : 9",
        certificate="unverified",
        snapshot_seconds=0.5,
        time_zone="Europe/Berlin",
    )
    assert (camera.rotation, camera.mirrored, camera.aspect, camera.snapshot_seconds) == (270, True, "16:9", 0.5)
    assert store.get(camera.id) == camera
    assert camera.time_zone == "Europe/Berlin"
    store.update(camera.id, actor=ACTOR, time_zone=None)
    assert store.get(camera.id).time_zone is None
    store.update(camera.id, actor=ACTOR, rotation=0, mirrored=False, aspect=None, certificate=None)
    changed = store.get(camera.id)
    assert (changed.rotation, changed.mirrored, changed.aspect, changed.certificate) == (0, False, None, None)
    assert changed.snapshot_seconds == 0.5


def test_the_log_names_a_cameras_time_zone_where_it_has_one(store: CameraStore, log: AuditLog) -> None:
    camera = add(store, time_zone=" Asia/Tokyo ")
    store.update(camera.id, actor=ACTOR, time_zone=None)
    assert [entry.body.get("time_zone") for entry in entries(log)] == ["Asia/Tokyo", None]
    with pytest.raises(TimeZoneUnknownError, match="Europe/Berlin"):
        store.update(camera.id, actor=ACTOR, time_zone="Berlin")
    with pytest.raises(TimeZoneUnknownError):
        add(store, name="yard", time_zone="")
    assert len(entries(log)) == 2


@pytest.mark.parametrize("aspect", ["", "16/9", "16:0", "1.78:1", "100:1"])
def test_an_aspect_that_is_none_is_refused(store: CameraStore, aspect: str) -> None:
    camera = add(store, name="other")
    with pytest.raises(AspectError):
        add(store, aspect=aspect)
    with pytest.raises(AspectError):
        store.update(camera.id, actor=ACTOR, aspect=aspect)
    assert store.list() == (camera,)


@pytest.mark.parametrize(
    "given",
    [
        f"sha256:{FINGERPRINT}",
        f"SHA256:{FINGERPRINT.upper()}",
        f"sha256:{AS_OPENSSL}",
        f" sha256 Fingerprint={AS_OPENSSL}\n",
        f"SHA256 Fingerprint={AS_OPENSSL}",
    ],
)
def test_a_fingerprint_is_kept_in_one_form(store: CameraStore, given: str) -> None:
    assert add(store, address="rtsps://127.0.0.1:9/x", certificate=given).certificate == f"sha256:{FINGERPRINT}"


@pytest.mark.parametrize(
    "given",
    ["", "none", "verified", FINGERPRINT, f"sha256:{FINGERPRINT[1:]}", f"sha256:{FINGERPRINT}0", f"sha1:{AS_OPENSSL}"],
)
def test_a_certificate_rule_that_cannot_be_read_is_refused(store: CameraStore, given: str) -> None:
    with pytest.raises(CertificateRuleError, match="SHA-256"):
        add(store, address="rtsps://127.0.0.1:9/x", certificate=given)
    assert store.list() == ()


@pytest.mark.parametrize("rule", ["unverified", f"sha256:{FINGERPRINT}"])
def test_a_certificate_rule_is_refused_where_there_is_no_tls(store: CameraStore, clip: Path, rule: str) -> None:
    for address in ("rtsp://127.0.0.1:9/x", "http://127.0.0.1:9/x", str(clip)):
        with pytest.raises(CertificateRuleError, match="no TLS"):
            add(store, address=address, local=True, certificate=rule)
    camera = add(store)
    with pytest.raises(CertificateRuleError, match="no TLS"):
        store.update(camera.id, actor=ACTOR, certificate=rule)
    assert store.list() == (camera,)


@pytest.mark.parametrize(
    "elsewhere",
    ["rtsps://127.0.0.2:9/x", "rtsps://127.0.0.1:10/x", "https://127.0.0.1:9/x", "rtsp://127.0.0.1:9/x"],
)
def test_a_certificate_rule_does_not_follow_to_another_place(store: CameraStore, elsewhere: str) -> None:
    """Else one exception, made for one device, would open the connection to another."""
    camera = add(store, address="rtsps://127.0.0.1:9/x", certificate="unverified")
    assert store.update(camera.id, actor=ACTOR, address="rtsps://127.0.0.1:9/y").certificate == "unverified"
    assert store.update(camera.id, actor=ACTOR, address=elsewhere).certificate is None
    assert store.get(camera.id).certificate is None


def test_the_log_says_which_certificates_are_accepted(store: CameraStore, log: AuditLog) -> None:
    camera = add(store, address="rtsps://127.0.0.1:9/x")
    store.update(camera.id, actor=ACTOR, certificate=f"sha256:{FINGERPRINT}")
    store.update(camera.id, actor=ACTOR, certificate="unverified")
    store.update(camera.id, actor=ACTOR, name="hall")
    store.update(camera.id, actor=ACTOR, address="rtsp://127.0.0.1:9/x")
    told = [entry.body.get("certificate") for entry in entries(log)]
    assert told == ["verified", "pinned", "unverified", "unverified", None]
    assert "certificate" not in entries(log)[-1].body
    assert all(violation(entry.data) is None for entry in entries(log))
