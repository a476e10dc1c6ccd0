"""What a confined process can still do: tried in a process of its own, which is confined as a worker is."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from matcher.process.child_process import environment
from matcher.process.sandbox import without
from tests.ingest.stubs.confinement_stub import ATTEMPTS, refused

CONFINED = """
import json, sys
from pathlib import Path
import ingest.worker.worker
from matcher.process.sandbox import restrict
given = json.loads(sys.argv[1])
confinement = restrict(places=given["places"], forbidden=given["forbidden"])
"""

Run = Callable[..., Any]


@pytest.fixture
def confined(tmp_path: Path) -> Run:
    """Runs code in a confined process, which prints JSON."""

    def run(
        code: str, *, places: list[str], forbidden: list[Path], path: str = "", before: str = "", **given: object
    ) -> Any:
        given |= {"places": places, "forbidden": list(map(str, forbidden))}
        entries = [*filter(None, sys.path), *filter(None, [path])]
        done = subprocess.run(
            [sys.executable, "-P", "-c", before + CONFINED + code, json.dumps(given)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            # As the service starts a worker: with one thread.
            env={**environment(), "PYTHONPATH": os.pathsep.join(entries)},
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "master.key").write_text("secret")
    return folder


def test_everything_holds_here(confined: Run) -> None:
    found = confined("from dataclasses import asdict\nprint(json.dumps(asdict(confinement)))", places=[], forbidden=[])
    assert found == {"files": True, "connections": True, "sockets": True, "signals": True, "gaps": []}


TRY = """
from tests.ingest.stubs.confinement_stub import attempts
print(json.dumps(attempts(forbidden=Path(given["forbidden"][0]) / "master.key", port=given["port"])))
"""


def test_what_a_hostile_stream_would_try_is_refused(confined: Run, data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as relay:
        place = f"rtsp://127.0.0.1:{relay.getsockname()[1]}/x"
        told = confined(TRY, places=[place], forbidden=[data], port=server.getsockname()[1])
    assert told == dict.fromkeys(ATTEMPTS, True)


def test_the_attempts_work_where_nothing_is_confined(data: Path) -> None:
    """Else their being refused would say nothing. Some need rights, or a kernel, that a test may not have."""
    unsure = {"raw", "multipath tcp", "connect elsewhere without connect(2)", "read another process", "run a program"}
    # The process that starts the tests, which is none of theirs.
    unsure |= {"slow the service down", "signal the service"}
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        sure = {name: attempt for name, attempt in ATTEMPTS.items() if name not in unsure}
        assert [name for name, attempt in sure.items() if refused(partial(attempt, data / "master.key", port))] == []


def test_its_own_port_can_be_connected_to(confined: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as relay:
        port = relay.getsockname()[1]
        code = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 5).close()\nprint(1)"
        assert confined(code, places=[f"http://127.0.0.1:{port}/token"], forbidden=[]) == 1


def test_a_film_in_the_data_folder_can_be_read_and_nothing_beside_it(confined: Run, data: Path) -> None:
    (data / "film.mp4").write_bytes(b"film")
    code = """
from tests.ingest.stubs.confinement_stub import refused
folder = Path(given["forbidden"][0])
print(json.dumps([(folder / "film.mp4").read_text(), refused((folder / "master.key").read_bytes)]))
"""
    assert confined(code, places=[str(data / "film.mp4")], forbidden=[data]) == ["film", True]


@pytest.mark.slow
def test_models_load_and_films_are_decoded(confined: Run, clip: Path, data: Path) -> None:
    code = """
from matcher.recognition.warm_up import warm_up
from matcher.recognition.networks.pipeline import load_recogniser
warm_up(load_recogniser(eager=True))
import av
with av.open(given["places"][0]) as film:
    print(json.dumps(sum(1 for _ in film.decode(video=0))))
"""
    assert confined(code, places=[str(clip)], forbidden=[data]) == 100


def test_modules_beside_a_data_folder_are_imported_and_the_folder_is_not_read(confined: Run, data: Path) -> None:
    """A service started in the folder that holds both its code and its data."""
    home = data.parent
    (home / "extra.py").write_text("FOUND = 1")
    (home / "package").mkdir()
    (home / "package" / "__init__.py").write_text("FOUND = 2")
    (home / "notes").mkdir()
    (home / "notes" / "letter.txt").write_text("private")
    (home / "package" / "vault").mkdir()
    (home / "package" / "vault" / "key").write_text("secret")
    code = """
from tests.ingest.stubs.confinement_stub import refused
import extra, package
home = Path(given["forbidden"][0]).parent
places = ["data/master.key", "notes/letter.txt", "package/vault/key"]
print(json.dumps([extra.FOUND, package.FOUND, *(refused((home / place).read_bytes) for place in places)]))
"""
    forbidden = [data, home / "package" / "vault"]
    assert confined(code, places=[], forbidden=forbidden, path=str(home)) == [1, 2, True, True, True]


def test_a_folder_is_granted_by_its_children_except_what_is_forbidden(tmp_path: Path) -> None:
    for name in ("a/b/secret", "a/c", "d"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "b")
    granted = set(without(tmp_path, [tmp_path / "a" / "b" / "secret"]))
    assert granted == {tmp_path / "a" / "c", tmp_path / "d"}
    assert list(without(tmp_path / "d", [tmp_path])) == [tmp_path / "d"]
    assert list(without(tmp_path, [tmp_path])) == []


def test_a_thread_that_was_there_before_is_reported(confined: Run) -> None:
    early = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    code = "from dataclasses import asdict\nprint(json.dumps(asdict(confinement)), flush=True)"
    found = confined(code, places=[], forbidden=[], before=early)
    assert (found["files"], found["connections"]) == (False, False)
    assert "thread" in found["gaps"][0]


def test_without_the_libraries_it_says_what_is_open(confined: Run) -> None:
    hidden = "import sys\nsys.modules['pyseccomp'] = sys.modules['py_landlock'] = None\n"
    code = "from dataclasses import asdict\nprint(json.dumps(asdict(confinement)))"
    found = confined(code, places=[], forbidden=[], before=hidden)
    gaps = found.pop("gaps")
    assert not any(found.values())
    assert len(gaps) == 2 and all("not confined" in gap for gap in gaps)
