"""A data folder or a key that others can read is refused, with the command that mends it."""

import json
import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matcher.folder.errors import FolderOpenError
from matcher.store.database import Database
from matcher.tlog.note import Signer
from matcher.tlog.witness import Witness

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> Path:
    """In a place whose name a shell takes apart."""
    folder = tmp_path / "a place" / "data"
    assert run("account", "list", "--data", folder)[0] == 0
    return folder


def checked(run: Run, folder: Path) -> tuple[int, Any]:
    status, out, _ = run("doctor", "--data", folder, "--port", 0, "--json")
    return status, next(one for one in json.loads(out) if one["what"] == "permissions")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "mode"),
    [(".", 0o777), (".", 0o750), ("master.key", 0o644), ("log.key", 0o640), ("clearglass.sqlite3", 0o604)],
)
def test_what_is_open_to_others_is_refused_and_mended_as_it_says(run: Run, folder: Path, name: str, mode: int) -> None:
    assert checked(run, folder)[1]["well"]
    (folder / name).chmod(mode)
    status, _, err = run("account", "list", "--data", folder)
    assert status == 1
    assert "Others on this machine may read or enter" in err
    status, finding = checked(run, folder)
    assert (status, finding["well"]) == (1, False)
    assert str(folder / name) in finding["found"]
    command = finding["remedy"].removeprefix("Run: ").partition(". If")[0]
    named = folder / ("*.sqlite3*" if name.endswith(".sqlite3") else name)
    assert shlex.split(command) == ["chmod", "700" if name == "." else "600", str(named)]
    subprocess.run(command, shell=True, check=True)
    assert run("account", "list", "--data", folder)[0] == 0
    assert checked(run, folder)[1]["well"]


def test_all_that_is_open_is_told_at_once(run: Run, folder: Path) -> None:
    for path in (folder, folder / "master.key", folder / "log.key"):
        path.chmod(0o755)
    _, _, err = run("account", "list", "--data", folder)
    assert " ".join(err.split()).count("chmod") == 3


def test_a_folder_that_is_made_or_empty_becomes_its_owners_alone(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty").chmod(0o777)
    mask = os.umask(0)
    try:
        for name in ("empty", "new"):
            with Database.open(tmp_path / name):
                modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / name).iterdir()}
                assert (tmp_path / name).stat().st_mode & 0o777 == 0o700
                assert set(modes.values()) == {0o600}, modes
    finally:
        os.umask(mask)


def test_a_witness_refuses_too(tmp_path: Path) -> None:
    log = Signer.generate("example.org/log").verifier
    Witness.open(tmp_path / "witness", [log]).close()
    (tmp_path / "witness" / "witness.key").chmod(0o644)
    with pytest.raises(FolderOpenError, match=r"witness\.key"):
        Witness.open(tmp_path / "witness", [log])
