import sqlite3
from hashlib import sha256
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, select
from sqlalchemy.dialects import sqlite

from matcher.people.erasure import PENDING
from matcher.people.records import every_consent, read_consent, subjects_page
from matcher.people.stored_changes import note_change
from matcher.store import migration, tables
from matcher.store.database import DATABASE_FILE, Database
from matcher.tlog.merkle import Frontier
from matcher.tlog.tile import HEIGHT


def _folder_at(revision: str, folder: Path) -> Path:
    """Makes a data folder whose database has the tables of an older version; returns the database's file."""
    Database.open(folder).close()
    file = folder / DATABASE_FILE
    file.unlink()
    file.touch(mode=0o600)
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config: Config = migration._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
    return file


def test_a_folder_of_the_first_version_is_brought_up_to_date_with_what_is_in_it(tmp_path: Path) -> None:
    file = _folder_at("0001", tmp_path / "data")
    with sqlite3.connect(file) as raw:
        raw.execute("INSERT INTO camera VALUES ('1', 'Lobby', 'rtsp://10.0.0.1', 'p', NULL, 5, 20, 1, '2026-01-01')")
        raw.execute("INSERT INTO subject VALUES ('s', NULL, '2026-01-01', NULL, NULL)")
        raw.execute("INSERT INTO reference VALUES (7, 'r', 's', 'digest', x'01', x'02', '{}', '2026-01-01')")
        for at in range(513):
            raw.execute("INSERT INTO audit_entry VALUES (?, '', 'start', NULL, x'', ?)", (at, at.to_bytes(32)))
    raw.close()
    Database.open(tmp_path / "data").close()
    with sqlite3.connect(file) as raw:
        assert raw.execute("SELECT name, sealed_substream FROM camera").fetchall() == [("Lobby", None)]
        assert raw.execute("SELECT number, sealed_template FROM reference").fetchall() == [(7, b"\x01")]
        assert raw.execute("SELECT * FROM reference_sample").fetchall() == [(7, b"\x02", "{}")]
        frontier, roots = Frontier(), []
        for at in range(513):
            frontier, completed = frontier.grow(at.to_bytes(32))
            roots += completed[HEIGHT:][:1]
        kept = raw.execute("SELECT level, place, hash FROM log_hash ORDER BY place").fetchall()
        assert kept == [(1, 0, roots[0]), (1, 1, roots[1])]
    raw.close()


def test_a_camera_of_the_version_before_gets_the_defaults_of_the_new_settings(tmp_path: Path) -> None:
    file = _folder_at("0007", tmp_path / "data")
    with sqlite3.connect(file) as raw:
        raw.execute(
            "INSERT INTO camera (id, name, address, purpose, analysed_fps, min_eye_distance, enabled, created_at)"
            " VALUES ('1', 'Lobby', 'rtsps://10.0.0.1:322', 'entry', 4, 25, 1, '2026-01-01T00:00:00.000000Z')"
        )
    raw.close()
    Database.open(tmp_path / "data").close()
    with sqlite3.connect(file) as raw:
        kept = raw.execute(
            "SELECT name, rotation, mirrored, aspect, certificate, snapshot_seconds FROM camera"
        ).fetchall()
    raw.close()
    assert kept == [("Lobby", 0, 0, None, None, 1.0)]


def test_a_follower_from_the_beginning_meets_the_subjects_of_the_version_before(tmp_path: Path) -> None:
    file = _folder_at("0010", tmp_path / "data")
    with sqlite3.connect(file) as raw:
        raw.execute("INSERT INTO gallery VALUES ('g', 7)")
        for at, subject in enumerate(("first", "second", "third")):
            raw.execute("INSERT INTO subject VALUES (?, NULL, ?, NULL, NULL)", (subject, f"2026-01-0{at + 1}"))
    raw.close()
    with Database.open(tmp_path / "data") as database, database.writing() as connection:
        rows = connection.exec_driver_sql("SELECT revision, subject_id FROM change ORDER BY revision").all()
        assert [tuple(row) for row in rows] == [(1, "first"), (2, "second"), (3, "third")]
        assert note_change(connection, "first") == 8


def test_a_folder_with_more_subjects_than_revisions_can_go_on(tmp_path: Path) -> None:
    file = _folder_at("0010", tmp_path / "data")
    with sqlite3.connect(file) as raw:
        raw.execute("INSERT INTO gallery VALUES ('g', 1)")
        for subject in ("first", "second"):
            raw.execute("INSERT INTO subject VALUES (?, NULL, '2026-01-01', NULL, NULL)", (subject,))
    raw.close()
    with Database.open(tmp_path / "data") as database, database.writing() as connection:
        assert note_change(connection, "first") == 3


def test_consents_and_cameras_of_the_version_before_have_no_hours_and_no_time_zone(tmp_path: Path) -> None:
    file = _folder_at("0010", tmp_path / "data")
    moment = "2026-01-01T00:00:00.000000Z"
    with sqlite3.connect(file) as raw:
        raw.execute("INSERT INTO subject (id, created_at) VALUES ('s', ?)", (moment,))
        kept = ("c", "s", "demo", '["*"]', moment, "2099-01-01T00:00:00.000000Z", "ab" * 32, moment, None)
        raw.execute("INSERT INTO consent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", kept)
        camera = ("1", "Lobby", "rtsps://10.0.0.1:322", "entry", 4, 25, 1, moment)
        columns = "id, name, address, purpose, analysed_fps, min_eye_distance, enabled, created_at"
        raw.execute(f"INSERT INTO camera ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", camera)
    raw.close()
    with Database.open(tmp_path / "data") as database, database.reading() as connection:
        consent = read_consent(connection, "c")
        [consents] = every_consent(connection)
        assert connection.execute(select(tables.camera.c.time_zone)).scalars().all() == [None]
    assert (consent.times, consent.cameras, consents.times) == ((), frozenset({"*"}), [None])
    digest = sha256("\n".join(["consent", *kept[:7], ""]).encode()).digest()
    assert consents.digests == [digest], "the content hash that old requests name is the same"


def test_who_waits_to_be_erased_is_found_without_going_through_everybody(tmp_path: Path) -> None:
    with Database.open(tmp_path / "data") as database, database.reading() as connection:
        statement = PENDING.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
    (step,) = plan
    assert "USING INDEX ix_subject_pending" in step.detail


def test_a_page_of_subjects_is_cut_from_the_index_alone(tmp_path: Path) -> None:
    for withdrawn in (False, True):
        query = subjects_page(withdrawn=withdrawn, limit=200, offset=100_000)
        statement = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
        with Database.open(tmp_path / "data") as database, database.reading() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
        [scan] = [step.detail for step in plan if step.detail.startswith("SCAN")]
        assert scan == "SCAN subject USING COVERING INDEX ix_subject_enrolled"


def test_accounts_of_the_version_before_keep_their_passwords_and_sessions_end(tmp_path: Path) -> None:
    file = _folder_at("0008", tmp_path / "data")
    moment = "2026-01-01T00:00:00.000000Z"
    with sqlite3.connect(file) as raw:
        account = ("a", "ada", "operator", "$argon2id$", moment)
        raw.execute("INSERT INTO account (id, name, role, password_hash, created_at) VALUES (?, ?, ?, ?, ?)", account)
        session = ("d", "a", "c", moment, "2099-01-01T00:00:00.000000Z")
        columns = "digest, account_id, csrf, created_at, expires_at"
        raw.execute(f"INSERT INTO session ({columns}) VALUES (?, ?, ?, ?, ?)", session)
    raw.close()
    Database.open(tmp_path / "data").close()
    with sqlite3.connect(file) as raw:
        assert raw.execute("SELECT password_hash, must_change FROM account").fetchall() == [("$argon2id$", 0)]
        assert raw.execute("SELECT count(*) FROM session").fetchall() == [(0,)]
        assert raw.execute("SELECT count(*) FROM second_factor").fetchall() == [(0,)]
    raw.close()
