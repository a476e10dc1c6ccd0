"""`clearglass camera`: add, list, set, remove, check."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from api.cli.client import RefusedError, reached
from api.cli.named_camera import named_camera
from api.cli.options import Data, Json
from api.cli.output import counted, progress, show, tell

if TYPE_CHECKING:
    from ingest.camera.camera import Camera

app = typer.Typer(help="Cameras: where streams come from.", no_args_is_help=True)

_STATUS = {"pass": 0, "fail": 3, "unknown": 4}
_LOOK_AGAIN_SECONDS = 0.3
_VERIFIED = "verified"
_PURPOSE = "The purpose of its searches: only people with a consent for it are found."
_SUBSTREAM = "Address of a smaller picture of the same view, in which faces are detected."
_ROTATION = "Degrees clockwise by which the picture is turned before any analysis: 0, 90, 180 or 270."
_MIRRORED = "Exchange left and right, after the rotation."
_ASPECT = 'Width to height of the whole picture before the rotation, such as "16:9", if the camera squeezes it.'
_CERTIFICATE = (
    "For rtsps and https: verified (a trusted CA issued it for this host; the default), sha256:<fingerprint> (exactly "
    "this certificate), or unverified (any certificate)."
)
_SNAPSHOT_SECONDS = "For a camera that sends one still picture per request: seconds between two requests, 0.2 to 3600."
_TIME_ZONE = (
    "The camera's time zone, such as Europe/Berlin, in which consents' hours are read. Without one, the site's is "
    "used, CLEARGLASS_TIME_ZONE."
)
_REMOVE = '"none" removes it.'

Address = Annotated[str, typer.Argument(help="rtsp://…, http://…, a video file, or a webcam's number.")]


def _row(camera: dict[str, Any]) -> dict[str, Any]:
    """A row for people: the settings of picture and connection in one column, and only those that are not default.
    State and rate are the running service's; without one no camera runs.
    """
    seconds = camera["snapshot_seconds"]
    settings = [
        "with a substream" if camera["substream"] else None,
        f"rotated {camera['rotation']}°" if camera["rotation"] else None,
        "mirrored" if camera["mirrored"] else None,
        camera["aspect"],
        None if camera["certificate"] is None else f"certificate {camera['certificate']}",
        f"still picture every {seconds:g} s" if seconds != 1 else None,
        camera["time_zone"],
    ]
    return {
        "id": camera["id"],
        "name": camera["name"],
        "state": camera["health"]["state"] if camera["enabled"] else "off",
        "address": camera["address"],
        "purpose": camera["purpose"],
        "settings": ", ".join(filter(None, settings)),
    }


def _absolute(address: str) -> str:
    """A file's absolute path: the service may run in another folder."""
    path = Path(address)
    return str(path.resolve()) if path.is_file() else address


def _is_address(text: str) -> bool:
    """True if this is a stream's address (a URL, a webcam's number, a file or a device) and not a camera's name."""
    path = Path(text)
    return "://" in text or text.isdecimal() or path.is_file() or path.is_char_device()


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Its name for people.")],
    address: Address,
    purpose: Annotated[str, typer.Option(help=_PURPOSE)],
    data: Data,
    substream: Annotated[str | None, typer.Option(help=_SUBSTREAM)] = None,
    rotation: Annotated[int, typer.Option(help=_ROTATION)] = 0,
    mirrored: Annotated[bool, typer.Option("--mirrored", help=_MIRRORED)] = False,
    aspect: Annotated[str | None, typer.Option(help=_ASPECT)] = None,
    certificate: Annotated[str | None, typer.Option(help=_CERTIFICATE)] = None,
    snapshot_seconds: Annotated[float, typer.Option(help=_SNAPSHOT_SECONDS)] = 1.0,
    time_zone: Annotated[str | None, typer.Option(help=_TIME_ZONE)] = None,
    json: Json = False,
) -> None:
    """Add a camera. A login in the address is removed from it and sealed."""
    new = {
        "name": name,
        "address": _absolute(address),
        "purpose": purpose,
        "substream": substream,
        "rotation": rotation,
        "mirrored": mirrored,
        "aspect": aspect,
        "certificate": None if certificate == _VERIFIED else certificate,
        "snapshot_seconds": snapshot_seconds,
        "time_zone": time_zone,
    }
    with reached(data) as client:
        camera = client.send("POST", "/cameras", json=new)
    tell(camera, as_json=json, sentence=f"Added camera {escape(camera['name'])} ({camera['id']}).")


@app.command("set")
def set_(
    camera: Annotated[str, typer.Argument(metavar="NAME|ID", help="The camera's name or id.")],
    data: Data,
    name: Annotated[str | None, typer.Option(help="A new name.")] = None,
    address: Annotated[str | None, typer.Option(help="A new address; a login in it is sealed.")] = None,
    purpose: Annotated[str | None, typer.Option(help=_PURPOSE)] = None,
    username: Annotated[str | None, typer.Option(help="The login's user name. Needs --password-stdin.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the login's password from standard input.")
    ] = False,
    no_login: Annotated[bool, typer.Option("--no-login", help="Remove the login.")] = False,
    substream: Annotated[str | None, typer.Option(help=f"{_SUBSTREAM} {_REMOVE}")] = None,
    analysed_fps: Annotated[float | None, typer.Option(help="Frames analysed a second, 0.1 to 30.")] = None,
    min_eye_distance: Annotated[
        float | None,
        typer.Option(help="The least distance of the eyes, in pixels, of a face that is searched for, 8 to 1000."),
    ] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Run the camera, or switch it off.")
    ] = None,
    rotation: Annotated[int | None, typer.Option(help=_ROTATION)] = None,
    mirrored: Annotated[bool | None, typer.Option("--mirrored/--not-mirrored", help=_MIRRORED)] = None,
    aspect: Annotated[str | None, typer.Option(help=f"{_ASPECT} {_REMOVE}")] = None,
    certificate: Annotated[str | None, typer.Option(help=_CERTIFICATE)] = None,
    snapshot_seconds: Annotated[float | None, typer.Option(help=_SNAPSHOT_SECONDS)] = None,
    time_zone: Annotated[str | None, typer.Option(help=f"{_TIME_ZONE} {_REMOVE}")] = None,
    json: Json = False,
) -> None:
    """Change a camera's settings. A setting that is not given stays.

    A new host or port needs its login, substream and certificate given again.
    """
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
        "time_zone": time_zone,
    }
    change = {key: value for key, value in given.items() if value is not None}
    change |= {key: None for key in ("substream", "aspect", "time_zone") if change.get(key) == "none"}
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
    with reached(data) as client:
        old = named_camera(client, camera)
        if password_stdin:
            change["credentials"] = {"username": username, "password": sys.stdin.readline().rstrip("\n")}
        changed = client.send("PATCH", f"/cameras/{old['id']}", json=change)
    tell(changed, as_json=json, sentence=f"Changed camera {escape(changed['name'])} ({changed['id']}).")


@app.command()
def remove(
    camera: Annotated[str, typer.Argument(metavar="NAME|ID", help="The camera's name or id.")],
    data: Data,
    json: Json = False,
) -> None:
    """Remove a camera and its login. Its alerts and log entries stay."""
    with reached(data) as client:
        gone = named_camera(client, camera)
        client.send("DELETE", f"/cameras/{gone['id']}")
    tell(gone, as_json=json, sentence=f"Removed camera {escape(gone['name'])} ({gone['id']}).")


@app.command("list")
def list_(data: Data, json: Json = False) -> None:
    """List the cameras."""
    with reached(data) as client:
        cameras = client.get("/cameras")
    rows = cameras if json else [_row(camera) for camera in cameras]
    show(rows, as_json=json, title="Cameras", empty="No cameras yet: clearglass camera add NAME ADDRESS --purpose …")


@app.command()
def check(
    address: Annotated[
        str, typer.Argument(help="A stream's address as for add, or the name of a camera that was added.")
    ],
    data: Data,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long to measure, while people walk by.")] = 60.0,
    json: Json = False,
) -> None:
    """Measure a stream and judge if it is fit for recognition, and what to change. Exit status: 0 it is fit, 3 it is
    not, 4 too little was seen; 1 it could not be measured.
    """
    found = _checked(data, address, seconds) if _is_address(address) else _added_checked(data, address, seconds)
    judged = found["judged"]
    if json:
        tell(found, as_json=True, sentence="")
    else:
        _print(found["stream"], judged)
    sys.exit(_STATUS[judged["verdict"]])


def _added_checked(data: Path, name: str, seconds: float) -> dict[str, Any]:
    """The service's check of a camera that was added. Raises: CameraUnknownError, RefusedError."""
    from ingest.camera.camera_store import CameraUnknownError
    from matcher.store.database import DATABASE_FILE

    if not (data / DATABASE_FILE).exists():
        raise CameraUnknownError(
            f"There is no camera {name!r}, and no such file or device.",
            remedy="Give a stream's address, such as rtsp://192.168.1.20/stream1, or add the camera first.",
        )
    with reached(data) as client, progress("Looking at the stream") as advance:
        path = f"/cameras/{named_camera(client, name)['id']}/check"
        state: dict[str, Any] = client.send("POST", path, json={"seconds": seconds})
        while state["running"]:
            time.sleep(_LOOK_AGAIN_SECONDS)
            state = client.get(path)
            advance(round(state["gone"]), round(seconds))
    if state["error"] is not None:
        raise RefusedError(state["error"])
    return state


def _checked(data: Path, address: str, seconds: float) -> dict[str, Any]:
    """The same for a stream that is no camera of the service. Raises: CheckError and the errors of an address."""
    from api.camera_checks import CheckState
    from api.routers.camera_checks import CheckOut
    from ingest.check.check import CameraCheck
    from ingest.check.check_process import CheckError
    from ingest.check.relayed_check import RelayedCheck
    from ingest.check.suitability import LEAST_FRAME_RATE, judge
    from ingest.messages.factory import DETECTING
    from ingest.settings import IngestSettings
    from matcher.clock import system_clock
    from matcher.recognition.needs import load_needs
    from matcher.recognition.quality import QualityGate
    from matcher.settings import MatcherSettings, secret_paths

    settings, needs, began = IngestSettings(), load_needs(), system_clock()
    camera = _unkept(address)
    settings.address_policy().locate(camera.address, local=True)
    with progress("Looking at the stream") as advance:
        found = RelayedCheck(
            camera,
            settings=settings,
            recogniser_factory=DETECTING,
            forbidden=tuple(map(str, secret_paths(MatcherSettings(folder=data)))),
        ).run(seconds, lambda gone: advance(round(gone), round(seconds)))
    if not isinstance(found, CameraCheck):
        raise CheckError(found)
    judged = judge(
        found, needs, gate=QualityGate(min_eye_distance=camera.min_eye_distance), frame_rate=LEAST_FRAME_RATE
    )
    state = CheckState(began_at=began, gone=seconds, seconds=seconds, check=found, judged=judged)
    return CheckOut.of(state).model_dump(mode="json")


def _unkept(address: str) -> "Camera":
    """A camera for the check alone."""
    from ingest.camera.address import check_login, split_address
    from ingest.camera.camera import Camera

    place, credentials = split_address(address)
    if credentials is not None:
        check_login(credentials)
    return Camera(id="", name="", address=place, purpose="", credentials=credentials)


def _print(stream: dict[str, Any], judged: dict[str, Any]) -> None:
    """The findings, the verdict, and what to change."""
    print(
        f"{stream['codec']}, {stream['width']}×{stream['height']}, {stream['seconds']:.0f} s, "
        f"{counted(stream['looked_at'], 'picture')} looked at, "
        f"{stream['usable']} of {counted(stream['faces'], 'face')} good enough to search for"
    )
    rows = [
        {
            "what": finding["what"].replace("_", " "),
            "found": finding["found"],
            "needed": finding["needed"],
            "verdict": finding["verdict"],
        }
        for finding in judged["findings"]
    ]
    show(rows, as_json=False, title="This camera", empty="")
    for note in judged["notes"]:
        tell({}, as_json=False, sentence=f"Note: {escape(note)}")
    tell({}, as_json=False, sentence=judged["stands"])
    for change in judged["changes"]:
        tell({}, as_json=False, sentence=f"→ {escape(change)}")
