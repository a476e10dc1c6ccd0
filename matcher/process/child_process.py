"""How a process of our own is started, and what it does first: a module of ours, by this interpreter, with none of
the service's secrets. The parent's side is `matcher.process.child`."""

import contextlib
import os
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path


def cores() -> int:
    """The number of processors for this process and those it starts."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def command(module: str, *arguments: str) -> list[str]:
    """The command that runs the module; files in the service's working folder cannot take its place."""
    return [sys.executable, "-P", "-m", module, *arguments]


def environment() -> Mapping[str, str]:
    """The environment: one thread for each library; and no proxies, which FFmpeg would use instead of the checked
    address."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CLEARGLASS_") and not name.lower().endswith("_proxy")
    }
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return kept | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def connect() -> socket.socket:
    """To be called first by the process that a `Child` started: its end of the socket pair.

    Ctrl-C in a terminal reaches the whole group, and is ignored from now on: the parent decides when its processes end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return socket.socket(fileno=int(sys.argv[1]))


def die_with_parent() -> None:
    """Call it in the child. The kernel then ends the child when the thread that started it has ended, also while the
    child hangs; and the child can gain no privileges any more (Linux; see prctl(2))."""
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal, set_no_new_privileges = 1, 38
        libc = ctypes.CDLL(None)
        libc.prctl(set_parent_death_signal, signal.SIGKILL, 0, 0, 0)
        libc.prctl(set_no_new_privileges, 1, 0, 0, 0)


def limit_resources(*, data: int) -> None:
    """Call it in the child. Allocations fail beyond `data` bytes of data (RLIMIT_DATA, see
    setrlimit(2): on Linux since 4.7 all private writable memory); at most 256 files are open, no file grows, and no
    core is dumped. Lower limits that are set already stay. If the machine runs out of memory, the kernel ends this
    process before others."""
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500")
        limits = {resource.RLIMIT_DATA: data, resource.RLIMIT_NOFILE: 256, resource.RLIMIT_FSIZE: 0}
        for kind, wanted in (limits | {resource.RLIMIT_CORE: 0}).items():
            _, hard = resource.getrlimit(kind)
            limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(kind, (limit, limit))


def limit_data(data: int) -> None:
    """From now on allocations fail beyond `data` bytes of data, as in `limit_resources`, whose limit remains the upper
    bound."""
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = data if hard == resource.RLIM_INFINITY else min(data, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def place_of(error: BaseException) -> str:
    """Where in the code an error was raised, such as "worker.py:123": the only part of an unforeseen error that may be
    shown, since other libraries' messages may contain secrets."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"
