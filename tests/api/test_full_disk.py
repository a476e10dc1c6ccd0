"""A disk that is really full: a small tmpfs in a mount namespace of its own, with the real service on it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import missing

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery staple"
OWN_PASSWORD = "another horse with batteries"
"""The password of olga, whose first one another person set."""
SIZE = "4m"


@dataclass(frozen=True, kw_only=True)
class SmallDisk:
    """A mount that only the namespace of the process `holder` sees."""

    holder: subprocess.Popen[bytes]
    folder: Path

    @property
    def seen(self) -> Path:
        """The folder as this process reaches it."""
        return Path(f"/proc/{self.holder.pid}/root{self.folder}")

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """`clearglass …` on this disk."""
        inside = ["nsenter", "--target", str(self.holder.pid), "--user", "--mount", "--preserve-credentials"]
        command = [*inside, sys.executable, "-m", "api.cli", *map(str, arguments), "--data", str(self.folder / "data")]
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
        )

    def run(self, *arguments: object, stdin: str = "") -> tuple[int, str, str]:
        """To its end."""
        process = self.start(*arguments)
        out, err = process.communicate(stdin, timeout=60)
        return process.returncode, out, err

    def fill(self) -> None:
        """Takes all the room that is left."""
        with (self.seen / "filler").open("ab", buffering=0) as file:
            for piece in (65_536, 4_096):
                try:
                    while True:
                        file.write(bytes(piece))
                except OSError:
                    pass
        assert os.statvfs(self.seen).f_bavail == 0

    def make_room(self) -> None:
        """Gives it back."""
        (self.seen / "filler").unlink()


@pytest.fixture
def disk(nsenter: Path, unshare: Path, tmp_path: Path) -> Iterator[SmallDisk]:
    mount = f'mount -t tmpfs -o size={SIZE} none "$1" && echo ready && exec sleep 600'
    command = [str(unshare), "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh", str(tmp_path)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert holder.stdout is not None
    try:
        if holder.stdout.readline() != b"ready\n":
            missing("this machine lets nobody mount a file system in a namespace")
        yield SmallDisk(holder=holder, folder=tmp_path)
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


@pytest.fixture
def accounts(disk: SmallDisk) -> SmallDisk:
    for name, role in (("admin", "administrator"), ("olga", "operator")):
        status, _, err = disk.run("account", "add", name, "--role", role, stdin=f"{PASSWORD}\n")
        assert status == 0, err
    return disk


@pytest.fixture
def address(accounts: SmallDisk) -> Iterator[str]:
    process = accounts.start("serve", "--port", 0)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    try:
        assert found
        yield found.group()
    finally:
        process.terminate()
        process.communicate(timeout=30)


def log_in(client: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
    answer = client.post("/sessions", json={"name": name, "password": password})
    client.headers["X-CSRF-Token"] = answer.json().get("csrf") or ""
    return answer


def code(answer: httpx.Response) -> Any:
    return answer.json()["error"]["code"]


def identify(client: httpx.Client, picture: bytes) -> httpx.Response:
    return client.post("/identifications", data={"purpose": "demo"}, files={"file": ("x.jpg", picture)})


def enrol(client: httpx.Client, picture: bytes) -> httpx.Response:
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    consent = {"name": "Eileen", "purpose": "demo", "valid_until": until, "evidence_digest": "ab" * 32}
    return client.post("/subjects", data=consent, files=[("files", ("x.jpg", picture))])


def test_an_administrator_logs_in_and_sees_why_and_nothing_is_lost(
    accounts: SmallDisk, address: str, astronaut_jpeg: bytes
) -> None:
    disk = accounts
    with (
        httpx.Client(base_url=f"{address}/api/v1", timeout=60, trust_env=False) as admin,
        httpx.Client(base_url=f"{address}/api/v1", timeout=60, trust_env=False) as olga,
    ):
        assert log_in(olga, "olga").status_code == 201
        changed = {"password": PASSWORD, "new": OWN_PASSWORD}
        assert olga.put("/account/password", json=changed).status_code == 204
        enrolled = enrol(olga, astronaut_jpeg).json()["subject"]["id"]
        disk.fill()
        answer = log_in(admin, "admin")
        assert (answer.status_code, answer.json()["emergency"]) == (201, True)
        # Nobody else comes in, and a wrong password gets nobody in.
        other = httpx.post(f"{address}/api/v1/sessions", json={"name": "olga", "password": PASSWORD}, trust_env=False)
        assert (other.status_code, code(other)) == (503, "log_unavailable")
        wrong = httpx.post(f"{address}/api/v1/sessions", json={"name": "admin", "password": "x"}, trust_env=False)
        assert (wrong.status_code, code(wrong)) == (503, "log_unavailable")

        # The administrator sees what is wrong, and nobody's name or face.
        troubles = {one["code"]: one for one in admin.get("/health").json()["troubles"]}
        assert "The disk that holds the data folder is full" in troubles["log_unwritable"]["message"]
        assert "Free some room" in troubles["log_unwritable"]["remedy"]
        assert "disk_low" in troubles
        assert admin.get("/cameras").json() == []
        assert admin.get("/log/verification").json()["verified"]
        assert admin.get("/sessions/current").json()["emergency"]
        for path in ("/subjects", "/alerts", "/accounts", "/log/entries"):
            assert code(admin.get(path)) == "emergency_session", path
        assert [page.status_code for page in (admin.get(f"{address}/cameras"), admin.get(f"{address}/log"))] == [
            200
        ] * 2

        # Every write is refused with a clear error.
        camera = {"name": "Lobby", "address": "rtsp://10.1.2.3/stream", "purpose": "demo"}
        for refused in (
            olga.post("/cameras", json=camera),
            identify(olga, astronaut_jpeg),
            enrol(olga, astronaut_jpeg),
            olga.delete(f"/subjects/{enrolled}"),
            olga.get("/subjects"),
        ):
            assert (refused.status_code, code(refused)) == (503, "log_unavailable"), refused.url
            assert "is full" in refused.json()["error"]["message"]
            assert "candidates" not in refused.text

        disk.make_room()
        # The login is logged now, the session is a full one, and everything goes on without a restart.
        assert log_in(olga, "olga", OWN_PASSWORD).status_code == 201
        assert not admin.get("/sessions/current").json()["emergency"]
        entries = admin.get("/log/entries", params={"newest": True, "kind": "login"}).json()["entries"]
        [owed] = [one for one in entries if "logged_in_at" in one["body"]]
        assert owed["body"]["logged_in_at"] < owed["time"]
        assert olga.post("/cameras", json=camera | {"enabled": False}).status_code == 201
        assert [one["id"] for one in olga.get("/subjects").json()] == [enrolled]
        assert [one["subject_id"] for one in identify(olga, astronaut_jpeg).json()["candidates"]] == [enrolled]
        assert admin.get("/log/verification").json()["verified"]
        assert admin.delete("/sessions/current").status_code == 204
        assert admin.get("/sessions/current").status_code == 401


def test_a_start_says_that_the_disk_is_full_and_works_when_it_is_not(accounts: SmallDisk) -> None:
    accounts.fill()
    for command in (("serve", "--port", 0), ("account", "list"), ("audit", "verify")):
        status, _, err = accounts.run(*command)
        assert status == 1
        assert "The disk that holds the data folder is full" in err and "Free some room" in err, command
    assert "Free some" in accounts.run("doctor", "--port", 0)[1]
    accounts.make_room()
    assert accounts.run("account", "list")[0] == 0
    assert accounts.run("audit", "verify")[0] == 0
    assert not (accounts.seen / "data" / "disk-failed").exists()
