"""The demo: a rehearsal camera, a volunteer who consented, an alert, and the check of its log entry."""

import hashlib
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from api.access.accounts import Role
from api.cli.output import progress, tell
from api.server.server import require_free, serving
from api.service import Service
from api.settings import ApiSettings
from ingest.settings import IngestSettings
from matcher.consent.consent import NewConsent
from matcher.consent.rule import ANY_CAMERA
from matcher.enrolment.enrolment import Picture
from matcher.errors import ClearglassError
from matcher.folder.privacy import make_private
from matcher.log.actor import Actor
from matcher.settings import MatcherSettings

if TYPE_CHECKING:
    from matcher.alerts.alert import Alert

PURPOSE = "demo"
ACTOR = Actor("cli:demo", via="cli")
VOLUNTEER = "Eileen Collins"  # NASA's public-domain portrait, in scikit-image
SCENE_SECONDS = 24.0
_HOST = "127.0.0.1"
CONSENT_TEXT = b"Demo consent: a public-domain portrait of NASA, searched for the purpose 'demo' only."


class DemoFolderError(ClearglassError):
    """The demo's folder contains other files."""

    code: ClassVar[str] = "demo_folder"


class DemoAlertError(ClearglassError):
    """The demo raised no alert in time, or its log did not verify."""

    code: ClassVar[str] = "demo_failed"


@dataclass(frozen=True, kw_only=True)
class Login:
    """An account made for this demo, with its password in the clear: it is printed once, and logged nowhere."""

    name: str
    role: Role
    password: str


def run_demo(
    *, folder: Path | None, port: int, addresses: Sequence[str], once: bool, wait: float, as_json: bool = False
) -> None:
    """Runs the demo until it is stopped, or with `once` until its first alert is verified.

    folder: empty or not there; None is a new temporary one. Raises: AddressInUseError, DemoFolderError if the folder
    holds something already; with `once` DemoAlertError after `wait` seconds.
    """
    require_free(_HOST, port)
    # Cameras and log are closed the same way after SIGTERM of a service manager and after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _begun(folder) as beginning, _cameras(beginning.folder, addresses) as streams:
        # The rehearsal camera is on this machine, on any free port; the caller's own camera may be too.
        ingest = IngestSettings(allow_loopback=True, allowed_ports=((1, 65535),))
        settings = MatcherSettings(folder=beginning.folder)
        with Service.open(matcher=settings, ingest=ingest, api=ApiSettings()) as service:
            logins = _add_accounts(service)
            _enrol(service)
            _add_cameras(service, streams)
            service.start()
            with serving(service, host=_HOST, port=port) as address:
                beginning.done = True
                _welcome(address, logins, beginning.folder, own=bool(addresses), as_json=as_json)
                _follow(service, once=once, wait=wait, as_json=as_json)


@dataclass(kw_only=True)
class _Beginning:
    """The demo's folder; `begun` is true once the demo has started."""

    folder: Path
    done: bool = False


@contextmanager
def _begun(folder: Path | None) -> Iterator[_Beginning]:
    """The folder; a demo that could not begin removes its files, so that the next try finds it unchanged.

    Raises: DemoFolderError.
    """
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise DemoFolderError(f"{folder} is not empty.", remedy="Give the demo an empty folder with --data DIR.")
    there = folder is not None and folder.exists()
    beginning = _Beginning(folder=folder or Path(tempfile.mkdtemp(prefix="clearglass-demo-")))
    make_private(beginning.folder)
    try:
        yield beginning
    finally:
        if not beginning.done:
            shutil.rmtree(beginning.folder)
            if there:
                beginning.folder.mkdir()


@contextmanager
def _cameras(folder: Path, addresses: Sequence[str]) -> Iterator[list[tuple[str, str]]]:
    """Names and addresses of the cameras: the caller's own, or a rehearsed one on a real RTSP server."""
    if addresses:
        yield [(f"Camera {number}", address) for number, address in enumerate(addresses, 1)]
        return
    from ingest.rehearsal.film.cast import bystanders, portraits_of, public_data, volunteer
    from ingest.rehearsal.film.portrait import Person
    from ingest.rehearsal.film.scene import compose_scene
    from ingest.rehearsal.server.rtsp_server import RtspServer
    from matcher.recognition.networks.pipeline import load_recogniser

    film = folder / "scene.mp4"
    recogniser = load_recogniser(embedders=False)
    with progress("Composing a 1080p25 scene") as advance:
        compose_scene(
            film,
            people=[Person(name=VOLUNTEER, portraits=portraits_of([volunteer()], recogniser))],
            strangers=bystanders(public_data(), recogniser),
            seconds=SCENE_SECONDS,
            seed=1,
            progress=advance,
        )
    with RtspServer({"lobby": film}) as server:
        yield [("Lobby", server.url("lobby"))]


def _add_accounts(service: Service) -> list[Login]:
    """Two operators, because a confirmation takes two people, and an administrator."""
    logins = [
        Login(name=name, role=role, password=secrets.token_urlsafe(12))
        for name, role in (("ada", Role.OPERATOR), ("grace", Role.OPERATOR), ("admin", Role.ADMINISTRATOR))
    ]
    for login in logins:
        service.accounts.create(name=login.name, password=login.password, role=login.role, actor=ACTOR)
    return logins


def _enrol(service: Service) -> None:
    from ingest.rehearsal.film.cast import volunteer
    from matcher.recognition.image import encode_jpeg

    now = datetime.now(UTC)
    service.matcher.enroller.enrol(
        name=VOLUNTEER,
        pictures=[Picture(label="portrait", data=encode_jpeg(volunteer()))],
        consent=NewConsent(
            purpose=PURPOSE,
            cameras=frozenset({ANY_CAMERA}),
            valid_from=now,
            valid_until=now + timedelta(days=1),
            evidence_digest=hashlib.sha256(CONSENT_TEXT).hexdigest(),
        ),
        actor=ACTOR,
    )


def _add_cameras(service: Service, streams: Sequence[tuple[str, str]]) -> None:
    for name, address in streams:
        service.cameras.add(actor=ACTOR, name=name, address=address, purpose=PURPOSE, local=True)


def _welcome(address: str, logins: Sequence[Login], folder: Path, *, own: bool, as_json: bool) -> None:
    lines = [
        f"\n[bold]Clearglass is at {address}[/]",
        *(f"  {login.name:<6} {login.password}  ({login.role.value})" for login in logins),
        f"  data folder: {folder}",
    ]
    if own:
        lines.append("  To be recognised by your own camera, enrol yourself on the People page for the purpose 'demo'.")
    record = {"address": address, "logins": [asdict(login) for login in logins], "folder": folder}
    tell(record, as_json=as_json, sentence="\n".join([*lines, ""]))


def _follow(service: Service, *, once: bool, wait: float, as_json: bool) -> None:
    """Waits for the first alert and checks its entry; then, unless `once`, until the demo is ended."""
    began = time.monotonic()
    alert = _first_alert(service, wait if once else None)
    if alert is None:
        raise DemoAlertError(
            f"No alert in {wait:.0f} seconds. Cameras: {_camera_errors(service)}",
            remedy="Look at what clearglass doctor says, or wait longer with --wait.",
        )
    tell(
        {"alert": asdict(alert), "seconds": time.monotonic() - began},
        as_json=as_json,
        sentence=(
            f"[green]First alert[/] after {time.monotonic() - began:.1f} s: log entries {alert.request_index} and "
            f"{alert.outcome_index}, dissimilarity {alert.dissimilarity:.3f}."
        ),
    )
    _verify(service, as_json=as_json)
    if not once:
        if not as_json:
            print("Ctrl-C ends the demo.", flush=True)
        threading.Event().wait()


def _first_alert(service: Service, wait: float | None) -> "Alert | None":
    deadline = None if wait is None else time.monotonic() + wait
    while deadline is None or time.monotonic() < deadline:
        alerts = service.matcher.alerts.alerts(limit=1)
        if alerts:
            return alerts[0]
        time.sleep(0.2)
    return None


def _verify(service: Service, *, as_json: bool) -> None:
    from matcher.audit.verification import verify_log

    report = verify_log(service.matcher.database, service.matcher.log.verifier_key)
    if not report.verified:
        raise DemoAlertError(
            f"The log does not verify: {report.problems[0].message}", remedy="Keep the data folder and report this."
        )
    folder = service.matcher.settings.folder
    tell(
        {"verified": True, "entries": report.entries, "root": report.root.hex()},
        as_json=as_json,
        sentence=(
            f"[green]Log verified[/]: {report.entries} entries, root {report.root.hex()[:16]}…  "
            f"Check it yourself: clearglass audit verify --data {folder}"
        ),
    )


def _camera_errors(service: Service) -> str:
    healths = service.supervisor.healths().values()
    states = [f"{health.state.value} ({health.error or 'no error'})" for health in healths]
    return ", ".join(states) or "none"
