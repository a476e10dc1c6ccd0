"""The command line, called as the shell calls it."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.cli import main as cli

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["clearglass", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            cli.main()
            raise SystemExit(0)
        out, err = capsys.readouterr()
        status = ended.value.code
        return (status if isinstance(status, int) else 0), out, err

    return call


@pytest.fixture
def told(run: Run) -> Callable[..., Any]:
    """What a command that succeeds, or ends with another status that is asked for, prints for programs."""

    def call(*arguments: object, status: int = 0) -> Any:
        ended, out, err = run(*arguments, "--json")
        assert ended == status, err
        return json.loads(out)

    return call


@pytest.fixture
def portrait(tmp_path: Path, astronaut_jpeg: bytes) -> Path:
    path = tmp_path / "portrait.jpg"
    path.write_bytes(astronaut_jpeg)
    return path
