"""Finds what on this machine would stop Clearglass."""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from api.server.command_socket import served_path
from matcher.errors import ClearglassError
from matcher.picture.decoding import AT_ONCE, MEMORY, libheif_version
from matcher.process.processor import CPUINFO, require_processor

MIN_FREE_BYTES = 2_000_000_000
SERVICE_MEMORY = 600_000_000
CAMERA_MEMORY = 300_000_000
"""Bytes of memory of the service after it has processed pictures, and of the worker of one 1080p camera."""

MIN_MEMORY_BYTES = SERVICE_MEMORY + AT_ONCE * MEMORY + CAMERA_MEMORY
"""Bytes of memory for one camera while the most and largest pictures are decoded."""
MIN_OPEN_FILES = 512
SANDBOX_SECONDS = 30.0
"""Seconds in which a process must confine itself and report it; it takes half a second."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding. `remedy` is empty without a fault. warns: true if the fault stops nothing but should be fixed."""

    what: str
    well: bool
    found: str
    remedy: str = ""
    warns: bool = False


def examine(*, folder: Path, host: str, port: int, cpuinfo: Path = CPUINFO) -> Iterator[Finding]:
    """Makes one check after the other, and yields each finding immediately. Without the processor that the packages
    need, most other checks would end this process, and are left out.
    """
    yield _python()
    processor = _attempt("processor", lambda: require_processor(cpuinfo), "")
    yield processor
    if not processor.well:
        return
    # Checks by other processes run beside the rest.
    with ThreadPoolExecutor(2) as beside:
        sandbox = beside.submit(_sandbox)
        decoder = beside.submit(_picture_decoder)
        yield _memory()
        yield _disk(folder)
        yield _open_files()
        yield _attempt(
            "recognition models",
            _load_models,
            "Install again with make setup: the models come with it.",
        )
        yield decoder.result()
        yield from _of_service(folder, host, port)
        yield sandbox.result()


def _of_service(folder: Path, host: str, port: int) -> Iterator[Finding]:
    """The checks of the files that the service reads, and of its address."""
    yield _attempt("H.264 decoder", _find_decoder, "Install again with make setup: PyAV brings FFmpeg along.")
    yield _threshold(folder)
    yield _attempt("time zone", _time_zone, "")
    yield _attempt("permissions", lambda: _private(folder), "")
    yield _attempt("data folder", lambda: _open_folder(folder), "")
    yield from _clock(folder)
    yield _port(host, port, folder)
    yield _webcams()


def _python() -> Finding:
    found = sys.version.split()[0]
    return Finding(what="Python", well=sys.version_info >= (3, 11), found=found, remedy="Clearglass needs Python 3.11.")


def _memory() -> Finding:
    import psutil

    free = psutil.virtual_memory().available
    return Finding(
        what="memory",
        well=free >= MIN_MEMORY_BYTES,
        found=f"{free / 1e9:.1f} GB free",
        remedy=f"Give it {MIN_MEMORY_BYTES / 1e9:.1f} GB or more: {SERVICE_MEMORY / 1e9:.1f} GB for the service, "
        f"{AT_ONCE * MEMORY / 1e9:.1f} GB while {AT_ONCE} large pictures are decoded, "
        f"{CAMERA_MEMORY / 1e9:.1f} GB a camera.",
    )


def _disk(folder: Path) -> Finding:
    standing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(standing).free
    return Finding(
        what="disk",
        well=free >= MIN_FREE_BYTES,
        found=f"{free / 1e9:.1f} GB free for {folder}",
        remedy="Free some space, or choose another folder with --data: a full disk stops every search.",
    )


def _open_files() -> Finding:
    import resource

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return Finding(
        what="open files",
        well=limit >= MIN_OPEN_FILES,
        found=f"at most {limit}",
        remedy=f"Raise the limit to {MIN_OPEN_FILES} or more: ulimit -n 1024.",
    )


def _attempt(what: str, attempt: Callable[[], str], remedy: str) -> Finding:
    try:
        return Finding(what=what, well=True, found=attempt())
    except ClearglassError as error:
        return Finding(what=what, well=False, found=error.message, remedy=error.remedy)
    except (ImportError, OSError, ValueError) as error:
        return Finding(what=what, well=False, found=str(error), remedy=remedy)


def _load_models() -> str:
    from matcher.recognition.networks.pipeline import load_recogniser
    from matcher.recognition.networks.weights import locate
    from matcher.recognition.registry import BUILT_IN, YUNET
    from matcher.settings import ModelSettings

    for file in (YUNET, *(file for embedder in BUILT_IN.values() for file in embedder.files)):
        locate(file)
    recogniser = load_recogniser(ModelSettings().face_model())
    weights = ", ".join(f"{name} {weight:g}" for name, weight in recogniser.fusion.weights.items())
    return f"checksums hold, model digest {recogniser.model_digest[:16]}, fusion of {weights}"


def _threshold(folder: Path) -> Finding:
    from pydantic import ValidationError

    from api.setting_error import SettingError
    from matcher.chosen_point import chosen_point
    from matcher.settings import MatcherSettings

    try:
        settings = MatcherSettings(folder=folder)
        model = settings.face_model()
        point = chosen_point(settings, model_digest=model.digest, weights=model.fusion.weights)
    except ClearglassError as error:
        return Finding(what="threshold", well=False, found=error.message, remedy=error.remedy)
    except ValidationError as error:
        wrong = SettingError.of(error)
        return Finding(what="threshold", well=False, found=wrong.message, remedy=wrong.remedy)
    found, caveat = f"{point.name}, {point.threshold:g}", point.caveat
    if caveat is None:
        return Finding(what="threshold", well=True, found=found)
    return Finding(what="threshold", well=True, found=f"{found}. {caveat.message}", remedy=caveat.remedy, warns=True)


def _time_zone() -> str:
    """The site's time zone and its present time, which shows a wrong setting."""
    from matcher.clock import system_clock
    from matcher.settings import DEFAULT_TIME_ZONE
    from matcher.time_zone import time_zone

    # Read directly: the settings would raise for another wrong one.
    zone = time_zone(os.environ.get("CLEARGLASS_TIME_ZONE", DEFAULT_TIME_ZONE))
    return f"{zone.key}, where it is {system_clock().astimezone(zone):%H:%M}"


def _picture_decoder() -> Finding:
    return _attempt("picture decoder", _decode_picture, "Install again with make setup: Pillow and libheif come along.")


def _decode_picture() -> str:
    """Decodes a picture as the service does: in a confined process."""
    import numpy as np

    from matcher.recognition.image import FORMATS, decode_image, encode_jpeg

    decode_image(encode_jpeg(np.zeros((8, 8, 3), np.uint8)))
    return f"{FORMATS} (libheif {libheif_version()}), {AT_ONCE} at once, each with at most {MEMORY // 1_000_000} MB"


def _find_decoder() -> str:
    from ingest.stream.av_decoder import decoder_version

    return decoder_version()


def _private(folder: Path) -> str:
    """Checks that folder and keys, with the key's file of the settings, are their owner's alone."""
    from matcher.folder.privacy import require_private, require_private_key

    # Read directly: the settings would raise for another wrong one.
    file = os.environ.get("CLEARGLASS_MASTER_KEY_FILE")
    if file:
        require_private_key(Path(file))
    if not folder.exists() or not any(folder.iterdir()):
        return f"{folder} will be its owner's alone"
    require_private(folder)
    return f"{folder}, its keys and its database are their owner's alone"


def _open_folder(folder: Path) -> str:
    """Opens what is there and makes nothing where nothing is, or only what was calibrated before the first start."""
    from matcher.recognition.operating_point import OPERATING_POINTS

    if not folder.exists() or {one.name for one in folder.iterdir()} <= {OPERATING_POINTS}:
        parent = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        if not os.access(parent, os.W_OK):
            raise PermissionError(f"{folder} cannot be made: {parent} may not be written to")
        return f"{folder} will be filled by the first command that needs it"
    from matcher.log.head import check_head
    from matcher.log.key import read_verifier_keys
    from matcher.store.database import Database

    # Not the whole log, which grows without end: that is `clearglass audit verify`.
    with Database.open_read_only(folder) as database:
        size = check_head(database, *read_verifier_keys(folder))
    return f"{folder}, log of {size:,} entries, its head and its newest entries verified"


def _clock(folder: Path) -> Iterator[Finding]:
    """Whether the log can go on by this machine's clock; nothing where there is no log to ask."""
    from matcher.clock import system_clock
    from matcher.log.clock_state import RESUME
    from matcher.log.log import AuditLog
    from matcher.store.database import DATABASE_FILE, Database

    if not (folder / DATABASE_FILE).is_file():
        return
    try:
        with Database.open_read_only(folder) as database:
            state = AuditLog(database, clock=system_clock).clock_state()
    except ClearglassError:
        return  # the finding on the data folder says it
    yield Finding(what="clock", well=state.fits, found=state.sentence, remedy="" if state.fits else RESUME)


def _port(host: str, port: int, folder: Path) -> Finding:
    with served_path(folder) as running:
        if running is not None:
            return Finding(what="port", well=True, found="a service runs on this data folder, and has its port")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            found = f"{host}:{port}: {error.strerror}"
            return Finding(what="port", well=False, found=found, remedy="Choose another with serve --port.")
    return Finding(what="port", well=True, found=f"{host}:{port} is free")


def _webcams() -> Finding:
    devices = sorted(str(device) for device in Path("/dev").glob("video*"))
    return Finding(what="webcams", well=True, found=", ".join(devices) or "none (network cameras need none)")


_CONFINED = {
    "files": "reads nothing but programs, libraries and its camera's file, and writes nothing",
    "connections": "connects to its relay's port only",
    "sockets": "makes no socket but for TCP",
    "signals": "ends no other process",
}
"""What a worker is held to, by the fields of `matcher.process.sandbox.Confinement`."""


def _sandbox() -> Finding:
    """Confines a process as a worker is, and asks it what holds."""
    import subprocess

    import msgspec

    from matcher.process.child_process import command, environment
    from matcher.process.sandbox import Confinement

    remedy = "Use Linux 6.7 or later with Landlock switched on, and install libseccomp (apt install libseccomp2)."
    try:
        tried = subprocess.run(
            command("matcher.process.sandbox"),
            capture_output=True,
            check=True,
            timeout=SANDBOX_SECONDS,
            env=environment(),
        )
        holds = msgspec.json.decode(tried.stdout, type=Confinement)
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError):
        found = "could not be tried: a process that confines itself did not end well"
        return Finding(what="worker sandbox", well=True, found=found, remedy=remedy, warns=True)
    held = [text for name, text in _CONFINED.items() if getattr(holds, name)]
    open_ = [name for name in _CONFINED if not getattr(holds, name)]
    found = f"a process that decodes a stream {', '.join(held)}" if held else "nothing confines a worker"
    if not open_ and not holds.gaps:
        return Finding(what="worker sandbox", well=True, found=found)
    found = f"{found}. Not confined: {', '.join(open_)}. {' '.join(holds.gaps)}"
    return Finding(what="worker sandbox", well=True, found=found, remedy=remedy, warns=True)
