"""Load time and memory of each implementation, each in a fresh process of its own."""

import multiprocessing
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.harness.benchmark import Progress
from matcher.picture.pixel_array import Image

BATCH = 16


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """The footprint of one process, in bytes without those of Python and NumPy. load_seconds: with its libraries'
    import.

    loaded: RSS when it is ready. rss, pss, uss: after it has done one face and sixteen at once. PSS divides shared
    pages among processes; USS counts the pages of the process alone. peak: the greatest RSS of all.
    """

    load_seconds: float
    first_seconds: float
    loaded: int
    rss: int
    pss: int
    uss: int
    peak: int


Work = Callable[[Image, int], object]
"""Runs its part of recognition on a photograph of one face, and the steps after detection several times."""


def _detector() -> Work:
    from matcher.recognition.networks.pipeline import load_recogniser

    recogniser = load_recogniser(embedders=False)
    return lambda picture, _: recogniser.detect([picture])


def _recogniser() -> Work:
    from matcher.recognition.networks.pipeline import load_recogniser

    recogniser = load_recogniser(eager=True)

    def work(picture: Image, count: int) -> object:
        faces = recogniser.detect([picture])[0][:1] * count
        return recogniser.extract([picture] * count, faces)

    return work


def _sface() -> Work:
    from matcher.recognition.networks.sface import SFace

    network = SFace()
    return lambda picture, count: network.embed([picture[:112, :112]] * count)


def _network() -> Work:
    from matcher.recognition.networks.dlib_network import DlibNetwork

    network = DlibNetwork()
    return lambda picture, count: network.embed([picture[:150, :150]] * count)


def _opencv() -> Work:
    from benchmarks.recognition.recognition_contestants import OpenCv

    opencv = OpenCv()

    def work(picture: Image, count: int) -> object:
        return opencv.detect(picture), opencv.embed([picture[:112, :112]] * count)

    return work


def _face_recognition() -> Work:
    from matcher.recognition.networks.dlib_reference import DlibReference

    dlib = DlibReference()
    return lambda picture, _: dlib.encodings(picture)


KINDS: Mapping[str, Callable[[], Work]] = {
    "Clearglass: detector alone": _detector,
    "Clearglass: SFace alone": _sface,
    "Clearglass: dlib's network alone": _network,
    "Clearglass: the whole recogniser": _recogniser,
    "OpenCV: YuNet and SFace": _opencv,
    "face_recognition": _face_recognition,
}


def footprint(kind: str, picture: Image) -> Footprint:
    """Loads and works, in this process; meant for a fresh one."""
    import psutil

    process = psutil.Process()
    before = process.memory_full_info()
    began = time.perf_counter()
    work = KINDS[kind]()
    loaded, ready = process.memory_info().rss, time.perf_counter()
    work(picture, 1)
    first = time.perf_counter()
    work(picture, BATCH)
    after = process.memory_full_info()
    return Footprint(
        load_seconds=ready - began,
        first_seconds=first - ready,
        loaded=loaded - before.rss,
        rss=after.rss - before.rss,
        pss=after.pss - before.pss,
        uss=after.uss - before.uss,
        peak=_peak(after.rss) - before.rss,
    )


def _peak(rss: int) -> int:
    """The greatest RSS since the process began; where the system does not say, the present one."""
    # getrusage would do, but for what a parent used before it began this process.
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return rss
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), rss)


def footprints(picture: Image, progress: Progress, *, times: int) -> dict[str, Any]:
    """The median over this number of fresh processes, by kind."""
    measured: dict[str, list[Footprint]] = {kind: [] for kind in KINDS}
    with progress.step("loading", total=times * len(KINDS)) as advance:
        for _ in range(times):
            for kind in KINDS:
                with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
                    measured[kind].append(fresh.submit(footprint, kind, picture).result())
                advance(1)
    return {
        kind: {key: median(asdict(one)[key] for one in several) for key in asdict(several[0])}
        for kind, several in measured.items()
    }
