"""`kill -9` while people are enrolled and withdrawn: what was answered holds, and the log verifies.

`make kill-test` does it twenty times; `make test` twice.
"""

import os
import random
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("CLEARGLASS_KILLS", "2"))
PASSWORD = "a long enough password for a test"


@dataclass
class Told:
    """What the service has said. asked: a withdrawal that was under way when it was killed."""

    enrolled: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)


def client(address: str, token: str) -> httpx.Client:
    return httpx.Client(base_url=f"{address}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30.0)


def operators_token(address: str) -> str:
    with httpx.Client(base_url=f"{address}/api/v1", timeout=60.0) as admin:
        session = admin.post("/sessions", json={"name": "admin", "password": PASSWORD}).json()
        admin.headers["X-CSRF-Token"] = session["csrf"]
        account = admin.post("/accounts", json={"name": "olga", "password": PASSWORD, "role": "operator"}).json()
        return str(admin.post(f"/accounts/{account['id']}/tokens", json={"name": "test"}).json()["secret"])


def come_and_go(operator: httpx.Client, picture: bytes, told: Told, begun: threading.Event) -> None:
    """Enrols and withdraws one person again and again, until the service is gone."""
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    consent = {"name": "Eileen Collins", "purpose": "demo", "valid_until": until, "evidence_digest": "ab" * 32}
    try:
        while True:
            files = [("files", ("x.jpg", picture))]
            answer = operator.post("/subjects", data=consent, files=files)
            assert answer.status_code == 201, answer.text
            subject = answer.json()["subject"]["id"]
            told.enrolled.add(subject)
            begun.set()
            time.sleep(0.1)  # enrolled for a while, so that kills come then as well
            told.asked.add(subject)
            assert operator.delete(f"/subjects/{subject}").status_code == 204
            told.withdrawn.add(subject)
    except httpx.TransportError:
        begun.set()


@pytest.mark.timeout(900)
def test_what_was_answered_holds_after_a_kill(
    serve: Callable[..., Any],
    running: Callable[..., Any],
    wait_for: Callable[..., Any],
    astronaut_jpeg: bytes,
    tmp_path: Path,
) -> None:
    told, chance = Told(), random.Random(17)
    with serve(tmp_path, CLEARGLASS_SEARCHES_PER_MINUTE="100000") as served:
        token = operators_token(served.address)
    for kill in range(KILLS):
        output = tmp_path / f"service-{kill}.txt"
        with running([sys.executable, "-m", "api.cli", "serve"], output, served.environment) as process:
            found = wait_for("address", lambda output=output: re.search(r"http://\S+", output.read_text()))
            with client(found.group(), token) as operator:
                there = {one["id"] for one in operator.get("/subjects").json()}
                assert told.enrolled - told.asked <= there
                assert not told.withdrawn & there
                for subject in there:  # the next enrolment would meet the person
                    assert operator.delete(f"/subjects/{subject}").status_code == 204
                    told.asked.add(subject)
                    told.withdrawn.add(subject)
                begun = threading.Event()
                work = threading.Thread(target=come_and_go, args=(operator, astronaut_jpeg, told, begun))
                work.start()
                assert begun.wait(60)
                time.sleep(chance.uniform(0.0, 0.5))
                process.send_signal(signal.SIGKILL)
                process.wait(30)
                work.join(30)
                assert not work.is_alive()
        verified = served.command("audit", "verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
    assert told.withdrawn
