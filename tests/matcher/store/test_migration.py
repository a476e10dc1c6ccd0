import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect
from sqlalchemy.dialects import sqlite

from matcher.audit.merkle import Frontier
from matcher.audit.tile import HEIGHT
from matcher.gallery.erasure import PENDING
from matcher.store import migration
from matcher.store.database import DATABASE_FILE, Database


def test_a_folder_of_the_first_version_is_brought_up_to_date_with_what_is_in_it(tmp_path: Path) -> None:
    Database.open(tmp_path / "data").close()
    file = tmp_path / "data" / DATABASE_FILE
    file.unlink()
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config: Config = migration._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        assert "sealed_substream" not in {column["name"] for column in inspect(connection).get_columns("camera")}
    engine.dispose()
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
            roots += frontier.completed(at.to_bytes(32))[HEIGHT:][:1]
            frontier = frontier.append(at.to_bytes(32))
        kept = raw.execute("SELECT level, place, hash FROM log_hash ORDER BY place").fetchall()
        assert kept == [(1, 0, roots[0]), (1, 1, roots[1])]
    raw.close()


def test_who_waits_to_be_erased_is_found_without_going_through_everybody(tmp_path: Path) -> None:
    with Database.open(tmp_path / "data") as database, database.reading() as connection:
        statement = PENDING.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
    (step,) = plan
    assert "USING INDEX ix_subject_pending" in step.detail
