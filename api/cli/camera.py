"""`clearglass camera`: add, list, check."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.options import Data, Json, actor, opened
from api.cli.output import progress, show, tell

if TYPE_CHECKING:
    from ingest.camera import Camera
    from ingest.check import CameraCheck
    from ingest.suitability import Suitability

app = typer.Typer(help="Cameras: where streams come from.", no_args_is_help=True)

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
    }


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
    purpose: Annotated[str, typer.Option(help="What its searches are for: only consents for it are searched.")],
    data: Data,
    substream: Annotated[
        str | None, typer.Option(help="A smaller picture that it sends beside that: faces are looked for in it.")
    ] = None,
    json: Json = False,
) -> None:
    """Add a camera. A login in the address is taken out of it and kept sealed."""
    with opened(data) as service:
        camera = service.cameras.add(
            actor=actor(), name=name, address=_absolute(address), purpose=purpose, substream=substream, local=True
        )
    tell(_row(camera), as_json=json, sentence=f"Added camera {camera.name} ({camera.id}).")


@app.command("list")
def list_(data: Data, json: Json = False) -> None:
    """List the cameras."""
    with opened(data) as service:
        rows = [_row(camera) for camera in service.cameras.list()]
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

    from ingest.check import check_camera
    from ingest.settings import IngestSettings
    from ingest.suitability import LEAST_FRAME_RATE, Verdict, judge
    from matcher.recognition.needs import load_needs
    from matcher.recognition.quality import QualityGate
    from matcher.store.database import DATABASE_FILE

    credentials, gate, rate = None, QualityGate(), LEAST_FRAME_RATE
    # The folder, which a running service holds, is needed for a camera's name only.
    if not _is_address(address) and (data / DATABASE_FILE).exists():
        with opened(data) as service:
            for camera in service.cameras.list():
                if address in {camera.id, camera.name}:
                    address, credentials, rate = camera.address, camera.credentials, camera.analysed_fps
                    gate = QualityGate(min_eye_distance=camera.min_eye_distance)
    needs = load_needs()
    with progress("Looking at the stream") as advance:
        found = check_camera(
            address,
            policy=IngestSettings().address_policy(),
            seconds=seconds,
            credentials=credentials,
            local=True,
            gate=gate,
            progress=advance,
        )
    judged = judge(found, needs, gate=gate, frame_rate=rate)
    if json:
        tell(asdict(found) | asdict(judged), as_json=True, sentence="")
    else:
        _print(found, judged)
    sys.exit({Verdict.PASS: 0, Verdict.FAIL: 3, Verdict.UNKNOWN: 4}[judged.verdict])


def _print(found: "CameraCheck", judged: "Suitability") -> None:
    """The findings, the verdict, and what to change."""
    print(
        f"{found.codec}, {found.width}×{found.height}, {found.seconds:.0f} s, {found.looked_at} pictures looked at, "
        f"{found.usable} of {found.faces} faces good enough to search for"
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
