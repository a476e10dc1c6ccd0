"""What a worker does before its first frame; the rest is tested through its keeper."""

import subprocess
import sys

import pytest

_GROWTH = """
import numpy as np, psutil
from matcher.recognition.warm_up import warm_up
from matcher.recognition.face import Box, Face
from matcher.recognition.networks.pipeline import load_recogniser

def used():
    return psutil.Process().memory_full_info().uss

recogniser = load_recogniser(eager=True)
warm_up(recogniser)
before = used()
picture = np.random.default_rng(0).integers(0, 255, (1080, 1920, 3), dtype=np.uint8)
landmarks = np.array([[60, 65], [100, 65], [80, 85], [65, 105], [95, 105]], np.float32)
for count in (1, 3, 2, 4, 3, 1, 2, 3):
    recogniser.detect([picture])
    faces = [
        Face(box=Box(x=200 * at, y=30, width=80, height=100), landmarks=landmarks + [200 * at, 0], score=1.0)
        for at in range(count)
    ]
    recogniser.extract([picture] * count, faces)
print((used() - before) / 2**20)
"""


@pytest.mark.slow
def test_after_the_warm_up_memory_hardly_grows_whatever_comes() -> None:
    printed = subprocess.run([sys.executable, "-c", _GROWTH], capture_output=True, text=True, timeout=120, check=True)
    # A large picture's own buffers. A batch of faces that had not been met before took 50 MiB more.
    assert float(printed.stdout) < 35


_LIMITS = """
import resource, tempfile
from matcher.process.child_process import limit_resources
kept = tempfile.TemporaryFile()
limit_resources(data=1 << 30)
limit_resources(data=2 << 30)
assert resource.getrlimit(resource.RLIMIT_DATA) == (1 << 30, 1 << 30)
for attempt in (lambda: bytearray(2 << 30), lambda: kept.write(b"x") and kept.flush()):
    try:
        attempt()
    except (MemoryError, OSError) as error:
        print(type(error).__name__)
"""


def test_a_process_with_limits_gets_no_more_memory_and_lets_no_file_grow() -> None:
    printed = subprocess.run([sys.executable, "-c", _LIMITS], capture_output=True, text=True, timeout=60, check=False)
    assert printed.stdout.split() == ["MemoryError", "OSError"], printed.stderr
