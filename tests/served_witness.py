"""A witness as a program of its own, for tests that need one."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def served_witness(
    folder: Path,
    log: str,
    *more: str,
    name: str = "example.org/w",
    port: int = 0,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[tuple[str, str]]:
    """Its address and its verifier key. log: the verifier key of the log it knows. more: further options."""
    command = [sys.executable, "-m", "api.cli", "witness", "serve", "--data", str(folder), "--log", log]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--name", name, "--json", *more], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        lines = ""
        while "}" not in lines:
            line = process.stdout.readline()
            assert line, "the witness ended"
            lines += line
        told = json.loads(lines)
        yield told["address"], told["witness_key"]
    finally:
        os.kill(process.pid, stop)
        status = process.wait(timeout=30)
        process.stdout.close() if process.stdout else None
    assert status == (0 if stop is signal.SIGTERM else -stop)
