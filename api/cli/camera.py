"""`clearglass camera`: add, list, set, remove, check."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.markup import escape

from api.cli.named_camera import named_camera
from api.cli.options import Data, Json, opened
from api.peer import own_actor as actor
from api.cli.output import counted, progress, show, tell

if TYPE_CHECKING:
    from ingest.camera import Camera, Credentials
    from ingest.check import CameraCheck
    from ingest.suitability import Suitability

app = typer.Typer(help="Cameras: where streams come from.", no_args_is_help=True)

_VERIFIED = "verified"
_PURPOSE = "What its searches are for: only consents for it are searched."
_SUBSTREAM = "Address of a smaller picture of the same view, which faces are looked for in."
_ROTATION = "Degrees clockwise by which the picture is turned before any analysis: 0, 90, 180 or 270."
_MIRRORED = "Exchange left and right, after the rotation."
_ASPECT = 'Width to height of the whole picture before the rotation, such as "16:9", if the camera squeezes it.'
_CERTIFICATE = (
    "For rtsps and https: verified (a trusted CA issued it for this host; the default), sha256:<fingerprint> (exactly "
    "this certificate), or unverified (any certificate)."
)
_SNAPSHOT_SECONDS = "For a camera that sends one still picture per request: seconds between two requests, 0.2 to 3600."
_REMOVE = '"none" removes it.'

Address = Annotated[str, typer.Argument(help="rtsp://…, http://…, a video file, or a webcam's number.")]


def _row(camera: "Camera") -> dict[str, Any]:
    return {
        "id": camera.id,
        "name": camera.name,
        "address": camera.address,
        "substream": camera.substream,
        "purpose": camera.purpose,
        "analysed_fps": camera.analysed_fps,
        "enabled": camera.enabled,
        "rotation": camera.rotation,
        "mirrored": camera.mirrored,
        "aspect": camera.aspect,
        "certificate": camera.certificate,
        "snapshot_seconds": camera.snapshot_seconds,
    }


def _brief(camera: "Camera") -> dict[str, Any]:
    """The row for people: the settings of picture and connection in one column, and only those that are not default."""
    row = _row(camera)
    settings = [
        f"rotated {camera.rotation}°" if camera.rotation else None,
        "mirrored" if camera.mirrored else None,
        camera.aspect,
        None if camera.certificate is None else f"certificate {camera.certificate}",
        f"still picture every {camera.snapshot_seconds:g} s" if camera.snapshot_seconds != 1 else None,
    ]
    for name in ("rotation", "mirrored", "aspect", "certificate", "snapshot_seconds"):
        del row[name]
    return row | {"settings": ", ".join(filter(None, settings))}


def _absolute(address: str) -> str:
    """A file's path as it is from everywhere: the service may run in another folder."""
    path = Path(address)
    return str(path.resolve()) if path.is_file() else address


def _is_address(text: str) -> bool:
    """Whether this is where a stream is, and not a camera's name: a URL, a webcam's number, a file or a device."""
    path = Path(text)
    return "://" in text or text.isdecimal() or path.is_file() or path.is_char_device()


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    address: Address,
    purpose: Annotated[str, typer.Option(help=_PURPOSE)],
    data: Data,
    substream: Annotated[str | None, typer.Option(help=_SUBSTREAM)] = None,
    rotation: Annotated[int, typer.Option(help=_ROTATION)] = 0,
    mirrored: Annotated[bool, typer.Option("--mirrored", help=_MIRRORED)] = False,
    aspect: Annotated[str | None, typer.Option(help=_ASPECT)] = None,
    certificate: Annotated[str | None, typer.Option(help=_CERTIFICATE)] = None,
    snapshot_seconds: Annotated[float, typer.Option(help=_SNAPSHOT_SECONDS)] = 1.0,
    json: Json = False,
) -> None:
    """Add a camera. A login in the address is taken out of it and kept sealed."""
    with opened(data) as service:
        camera = service.cameras.add(
            actor=actor(),
            name=name,
            address=_absolute(address),
            purpose=purpose,
            local=True,
            substream=substream,
            rotation=rotation,
            mirrored=mirrored,
            aspect=aspect,
            certificate=None if certificate == _VERIFIED else certificate,
            snapshot_seconds=snapshot_seconds,
        )
    tell(_row(camera), as_json=json, sentence=f"Added camera {escape(camera.name)} ({camera.id}).")


@app.command("set")
def set_(
    camera: Annotated[str, typer.Argument(metavar="NAME|ID", help="The camera's name or id.")],
    data: Data,
    name: Annotated[str | None, typer.Option(help="A new name.")] = None,
    address: Annotated[str | None, typer.Option(help="A new address; a login in it is kept sealed.")] = None,
    purpose: Annotated[str | None, typer.Option(help=_PURPOSE)] = None,
    username: Annotated[str | None, typer.Option(help="The login's user name. Needs --password-stdin.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the login's password from standard input.")
    ] = False,
    no_login: Annotated[bool, typer.Option("--no-login", help="Remove the login.")] = False,
    substream: Annotated[str | None, typer.Option(help=f"{_SUBSTREAM} {_REMOVE}")] = None,
    analysed_fps: Annotated[float | None, typer.Option(help="Frames looked at a second, 0.1 to 30.")] = None,
    min_eye_distance: Annotated[
        float | None, typer.Option(help="Pixels between the eyes below which no face is searched, 8 to 1000.")
    ] = None,
    enabled: Annotated[bool | None, typer.Option("--enabled/--disabled", help="Watch it, or do not.")] = None,
    rotation: Annotated[int | None, typer.Option(help=_ROTATION)] = None,
    mirrored: Annotated[bool | None, typer.Option("--mirrored/--not-mirrored", help=_MIRRORED)] = None,
    aspect: Annotated[str | None, typer.Option(help=f"{_ASPECT} {_REMOVE}")] = None,
    certificate: Annotated[str | None, typer.Option(help=_CERTIFICATE)] = None,
    snapshot_seconds: Annotated[float | None, typer.Option(help=_SNAPSHOT_SECONDS)] = None,
    json: Json = False,
) -> None:
    """Change a camera's settings. What is not given stays.

    A new host or port needs its login, substream and certificate given again.
    """
    from ingest.camera_settings import ChangedSettings

    given: dict[str, object] = {
        "name": name,
        "address": None if address is None else _absolute(address),
        "purpose": purpose,
        "substream": substream,
        "analysed_fps": analysed_fps,
        "min_eye_distance": min_eye_distance,
        "enabled": enabled,
        "rotation": rotation,
        "mirrored": mirrored,
        "aspect": aspect,
        "certificate": certificate,
        "snapshot_seconds": snapshot_seconds,
    }
    change = {key: value for key, value in given.items() if value is not None}
    change |= {key: None for key in ("substream", "aspect") if change.get(key) == "none"}
    if certificate == _VERIFIED:
        change["certificate"] = None
    if no_login:
        change["credentials"] = None
    if no_login and (username is not None or password_stdin):
        raise typer.BadParameter("--no-login removes the login: give it without --username and --password-stdin.")
    if username is not None and not password_stdin:
        raise typer.BadParameter("--username needs --password-stdin.")
    if not change and not password_stdin:
        raise typer.BadParameter("Nothing to change is given. See: clearglass camera set --help")
    with opened(data) as service:
        old = named_camera(service, camera)
        if password_stdin:
            change["credentials"] = _login_of(old, username)
        changed = service.cameras.update(old.id, actor=actor(), local=True, **cast(ChangedSettings, change))
    tell(_row(changed), as_json=json, sentence=f"Changed camera {escape(changed.name)} ({changed.id}).")


def _login_of(camera: "Camera", username: str | None) -> "Credentials":
    """The login with the password from standard input; without a user name, the camera's present one is kept."""
    from ingest.camera import Credentials

    if username is None:
        if camera.credentials is None:
            raise typer.BadParameter("This camera has no login yet: give --username too.")
        username = camera.credentials.username
    return Credentials(username=username, password=sys.stdin.readline().rstrip("\n"))


@app.command()
def remove(
    camera: Annotated[str, typer.Argument(metavar="NAME|ID", help="The camera's name or id.")],
    data: Data,
    json: Json = False,
) -> None:
    """Remove a camera and its login. Its alerts and log entries stay."""
    with opened(data) as service:
        gone = named_camera(service, camera)
        service.cameras.remove(gone.id, actor=actor())
    tell({"id": gone.id, "name": gone.name}, as_json=json, sentence=f"Removed camera {escape(gone.name)} ({gone.id}).")


@app.command("list")
def list_(data: Data, json: Json = False) -> None:
    """List the cameras."""
    with opened(data) as service:
        rows = [_row(camera) if json else _brief(camera) for camera in service.cameras.list()]
    show(rows, as_json=json, title="Cameras", empty="No cameras yet: clearglass camera add NAME ADDRESS --purpose …")


@app.command()
def check(
    address: Annotated[
        str, typer.Argument(help="A stream's address as for add, or the name of a camera that was added.")
    ],
    data: Data,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long to look, while people walk by.")] = 60.0,
    json: Json = False,
) -> None:
    """Look at a stream and say whether it is fit for recognition, and what to change.

    Exit status: 0 it is fit, 3 it is not, 4 not enough was seen to say; 1 it could not be looked at.
    """
    from dataclasses import asdict

    from ingest.check import CameraCheck
    from ingest.check_process import CheckError
    from ingest.factory import DETECTING
    from ingest.relayed_check import RelayedCheck
    from ingest.settings import IngestSettings
    from ingest.suitability import LEAST_FRAME_RATE, Verdict, judge
    from matcher.recognition.needs import load_needs
    from matcher.recognition.quality import QualityGate
    from matcher.settings import MatcherSettings, secret_paths

    kept = _kept(address, data)
    settings, needs = IngestSettings(), load_needs()
    camera = kept or _unkept(address)
    settings.address_policy().locate(camera.address, local=True)
    gate = QualityGate(min_eye_distance=camera.min_eye_distance)
    with progress("Looking at the stream") as advance:
        found = RelayedCheck(
            camera,
            settings=settings,
            recogniser_factory=DETECTING,
            forbidden=tuple(map(str, secret_paths(MatcherSettings(folder=data)))),
        ).run(seconds, lambda gone: advance(round(gone), round(seconds)))
    if not isinstance(found, CameraCheck):
        raise CheckError(found)
    rate = camera.analysed_fps if kept else LEAST_FRAME_RATE
    judged = judge(found, needs, gate=gate, frame_rate=rate)
    if json:
        tell(asdict(found) | asdict(judged), as_json=True, sentence="")
    else:
        _print(found, judged)
    sys.exit({Verdict.PASS: 0, Verdict.FAIL: 3, Verdict.UNKNOWN: 4}[judged.verdict])


def _kept(name: str, data: Path) -> "Camera | None":
    """The camera of this name or id; none for an address. The folder, which a running service holds, is only asked
    for what looks like no address. Raises: CameraUnknownError."""
    from ingest.camera_store import CameraUnknownError
    from matcher.store.database import DATABASE_FILE

    if _is_address(name):
        return None
    if not (data / DATABASE_FILE).exists():
        raise CameraUnknownError(
            f"There is no camera {name!r}, and no such file or device.",
            remedy="Give a stream's address, such as rtsp://192.168.1.20/stream1, or add the camera first.",
        )
    with opened(data) as service:
        return named_camera(service, name)


def _unkept(address: str) -> "Camera":
    """A camera that is only looked at."""
    from ingest.address import check_login, split_address
    from ingest.camera import Camera

    place, credentials = split_address(address)
    if credentials is not None:
        check_login(credentials)
    return Camera(id="", name="", address=place, purpose="", credentials=credentials)


def _print(found: "CameraCheck", judged: "Suitability") -> None:
    """The findings, the verdict, and what to change."""
    print(
        f"{found.codec}, {found.width}×{found.height}, {found.seconds:.0f} s, "
        f"{counted(found.looked_at, 'picture')} looked at, "
        f"{found.usable} of {counted(found.faces, 'face')} good enough to search for"
    )
    rows = [
        {
            "what": finding.what.replace("_", " "),
            "found": finding.found,
            "needed": finding.needed,
            "verdict": finding.verdict.value,
        }
        for finding in judged.findings
    ]
    show(rows, as_json=False, title="This camera", empty="")
    for note in judged.notes:
        tell({}, as_json=False, sentence=f"Note: {note}")
    tell({}, as_json=False, sentence=judged.stands)
    for change in judged.changes:
        tell({}, as_json=False, sentence=f"→ {change}")
