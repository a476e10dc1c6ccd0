"""How much memory a process has, as the kernel counts it."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def memory(pid: int | str, which: str) -> int:
    """VmHWM: the most bytes in memory since that was last cleared. VmRSS: those of now; RssAnon: of them, its own."""
    found = re.search(rf"{which}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return 1024 * int(found[1])


@contextmanager
def growth(pid: int) -> Iterator[list[int]]:
    """One number: the most bytes that the process has more than at first. Pages of files come and go as the kernel
    likes, so that its own are looked at again and again."""
    before, grown, done = memory(pid, "RssAnon"), [0], threading.Event()

    def look() -> None:
        while not done.wait(0.003):
            grown[0] = max(grown[0], memory(pid, "RssAnon") - before)

    looks = threading.Thread(target=look)
    looks.start()
    try:
        yield grown
    finally:
        done.set()
        looks.join()
