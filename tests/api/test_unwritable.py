"""What people meet when nothing can be logged: a full disk, a foreign lock, a clock set back. All of it for real."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.permission import Role
from matcher.log.entry import EntryKind
from matcher.log.errors import LogUnavailableError
from tests.api.conftest import Site

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery staple"
DUTY_CODES = {"password": "password_change_required", "second_factor": "second_factor_missing"}


@contextmanager
def full_disk(site: Site) -> Iterator[None]:
    """For SQLite the disk is full: it may not have one page more."""
    matcher = site.service.matcher
    with matcher.database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(LogUnavailableError):
        while True:
            matcher.log.record(EntryKind.LOGIN, {"fill": "x" * 200})
    yield
    with matcher.database.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")


@contextmanager
def locked_database(site: Site) -> Iterator[None]:
    """Another program holds the database's lock."""
    database = site.service.matcher.database
    with database.writing() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
    other = sqlite3.connect(database.folder / "clearglass.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


def clock_set_back(site: Site) -> AbstractContextManager[None]:
    """The machine's clock stands an hour before the last entry."""
    return site.clock.wrong(hours=-1)


Trouble = Callable[[Any], Any]


@pytest.mark.parametrize(
    ("trouble", "code"),
    [(full_disk, "log_unavailable"), (locked_database, "log_unavailable"), (clock_set_back, "clock_set_back")],
)
def test_nothing_is_done_and_everybody_is_told_the_same_way(
    site: Site, astronaut_jpeg: bytes, trouble: Trouble, code: str
) -> None:
    subject = site.enrol(astronaut_jpeg)
    alert = site.alert(astronaut_jpeg)

    def identify() -> httpx.Response:
        files = {"file": ("x", astronaut_jpeg)}
        answer = site.as_role(Role.OPERATOR, "POST", "/identifications", data={"purpose": "demo"}, files=files)
        assert isinstance(answer, httpx.Response)
        return answer

    camera = {"name": "Lobby", "address": "rtsp://10.1.2.3/stream", "purpose": "demo"}
    with site.logged_in("operator") as operator:
        with trouble(site):
            size = site.service.matcher.log.size()
            answers = [
                identify(),
                operator.post(f"/alerts/{alert}/reviews", json={"verdict": "confirm"}),
                operator.post("/subjects", data=site.consent(), files=[("files", ("x", astronaut_jpeg))]),
                site.as_role(Role.AUDITOR, "GET", "/log/entries"),
                operator.post("/cameras", json=camera),
            ]
            assert [(answer.status_code, site.code(answer)) for answer in answers] == [(503, code)] * len(answers)
            assert not any("candidates" in answer.text for answer in answers)
            assert site.service.matcher.log.size() == size
            assert site.as_role(None, "GET", "/health").json()["status"] == "degraded"
        assert operator.get("/cameras").json() == []
        assert [one["id"] for one in operator.get("/subjects").json()] == [subject]
        assert operator.get(f"/alerts/{alert}").json()["status"] == "open"
    assert len(identify().json()["candidates"]) == 1
    assert site.as_role(None, "GET", "/health").json()["status"] == "ok"


def test_health_tells_of_a_clock_set_back(site: Site) -> None:
    with clock_set_back(site):
        answer = site.as_role(None, "GET", "/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "degraded")
    assert site.as_role(None, "GET", "/health").json()["status"] == "ok"


def test_after_a_clock_that_ran_ahead_an_administrator_lets_the_log_go_on(site: Site) -> None:
    log = site.service.matcher.log
    with site.clock.wrong(days=1095):
        log.record(EntryKind.LOGIN, {"action": "refused", "account": None})
    sure = {"clock_is_right": True}
    with site.logged_in("administrator") as admin:
        assert admin.get("/sessions/current").json()["emergency"]
        [trouble] = [one for one in admin.get("/health").json()["troubles"] if one["code"] == "clock_set_back"]
        assert "1,094 days 23 hours before" in trouble["message"] and "clearglass audit resume" in trouble["remedy"]
        assert admin.post("/log/resumption", json={"clock_is_right": False}).status_code == 422
        done = admin.post("/log/resumption", json=sure)
        assert done.status_code == 201, done.text
        entry = log.entry(done.json()["index"])
        assert (entry.kind, entry.body["actor"]) == (EntryKind.CLOCK, f"user:{site.accounts[Role.ADMINISTRATOR]}")
        assert not admin.get("/sessions/current").json()["emergency"]
        again = admin.post("/log/resumption", json=sure)
        assert (again.status_code, site.code(again)) == (409, "clock_sound")
        assert admin.get("/log/verification").json()["verified"]
        now = datetime.now(UTC)
        time = {"since": (now - timedelta(hours=1)).isoformat(), "until": (now + timedelta(hours=1)).isoformat()}
        unusual = {one["code"]: one for one in admin.get("/log/unusual", params=time).json()}
        assert unusual["clock_resumed"]["indexes"] == [entry.index]
    refused = site.as_role(Role.ADMINISTRATOR, "POST", "/log/resumption", json=sure)
    assert (refused.status_code, site.code(refused)) == (403, "session_required")


@pytest.mark.parametrize("duty", ["password", "second_factor"])
@pytest.mark.parametrize("trouble", [full_disk, clock_set_back])
def test_an_administrator_with_a_duty_sees_what_is_wrong_and_lets_nothing_go_on(
    site: Site, trouble: Trouble, duty: str
) -> None:
    if duty == "second_factor":
        site.service.settings.second_factor_roles = frozenset({Role.ADMINISTRATOR})
    site.service.accounts.create(
        name="adam", password=PASSWORD, role=Role.ADMINISTRATOR, must_change=duty == "password"
    )
    with trouble(site), site.logged_in("adam") as adam:
        session = adam.get("/sessions/current").json()
        assert (session["emergency"], session["duty"]) == (True, duty)
        assert "log_resume" not in session["account"]["permissions"]
        assert adam.get("/cameras").json() == []
        assert adam.get("/log/verification").status_code == 200
        assert adam.get(f"{site.address}/log").status_code == 200
        for method, path in (("GET", "/subjects"), ("GET", "/accounts"), ("POST", "/log/resumption")):
            refused = adam.request(method, path, json={"clock_is_right": True} if method == "POST" else None)
            assert (refused.status_code, site.code(refused)) == (403, "emergency_session"), path
        changed = adam.put("/account/password", json={"password": PASSWORD, "new": "seven green lanterns at noon"})
        assert changed.status_code == 503
    site.service.logins.settle()
    # The session is a full one now, and the duty comes first.
    with site.client() as client:
        client.cookies.update(adam.cookies)
        session, refused = client.get("/sessions/current").json(), client.get("/cameras")
    assert (session["emergency"], session["duty"]) == (False, duty)
    assert (refused.status_code, site.code(refused)) == (403, DUTY_CODES[duty])


def test_nobody_waits_while_an_owed_login_cannot_be_logged(site: Site) -> None:
    database = site.service.matcher.database
    database._busy_seconds = 1.5
    with database.writing(), site.logged_in("administrator") as admin:
        site.service.logins._emergency._retry_at = 0.0
        with ThreadPoolExecutor(4) as threads:
            answers = list(threads.map(lambda _: admin.get("/sessions/current"), range(4)))
        assert all(answer.json()["emergency"] for answer in answers)
        assert sorted(answer.elapsed.total_seconds() > 1 for answer in answers) == [False] * 3 + [True]
    site.service.logins.settle()
    logins = [entry.body for entry in site.service.matcher.log.entries(limit=1000, kinds=[EntryKind.LOGIN])]
    assert [body["action"] for body in logins if "logged_in_at" in body] == ["accepted"]
