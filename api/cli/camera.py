"""`clearglass camera`: add, list, check."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.options import Data, Json, actor, opened
from api.cli.output import progress, show, tell

if TYPE_CHECKING:
    from ingest.camera import Camera

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
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long to look.")] = 10.0,
    json: Json = False,
) -> None:
    """Look at a stream for some seconds and say what arrives, and how big its faces are."""
    from dataclasses import asdict

    from ingest.check import check_camera
    from ingest.settings import IngestSettings
    from matcher.store.database import DATABASE_FILE

    credentials = None
    if (data / DATABASE_FILE).exists():
        with opened(data) as service:
            for camera in service.cameras.list():
                if address in {camera.id, camera.name}:
                    address, credentials = camera.address, camera.credentials
    policy = IngestSettings().address_policy()
    with progress("Looking at the stream") as advance:
        found = check_camera(
            address, policy=policy, seconds=seconds, credentials=credentials, local=True, progress=advance
        )
    row = asdict(found)
    if json:
        tell(row, as_json=True, sentence="")
        return
    show(
        [{"what": key.replace("_", " "), "found": value} for key, value in row.items()],
        as_json=False,
        title="This camera",
        empty="",
    )
