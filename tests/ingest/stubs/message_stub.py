"""One of each message that a worker sends."""

from datetime import UTC, datetime

import numpy as np

from ingest.camera.camera import Camera
from ingest.camera.health import CameraState, Health
from ingest.messages.message import Loading, Passed, Report, Retiring, Sighting, View, ViewBox
from ingest.relay.camera_relays import CameraRelays
from ingest.relay.loop import RelayLoop
from ingest.settings import IngestSettings
from matcher.probe.probe import Probe
from matcher.recognition.face import Box
from matcher.recognition.template import Template
from tests.ingest.stubs.ingest_stub import DIGEST, quality

NOW = datetime(2026, 11, 30, 15, 30, tzinfo=UTC)


def sighting(**changes: object) -> Sighting:
    vector = np.linspace(0, 1, 128, dtype=np.float32)
    vector /= np.linalg.norm(vector)
    template = Template(model_digest=DIGEST, vectors={"sface": vector, "dlib": vector[::-1]})
    probe = Probe(template=template, quality=quality(), crop=b"\xff\xd8\xff")
    fields = {"passage": 1, "search": 1, "captured_at": NOW, "arrived": 1.0, "sent": 1.0}
    return Sighting(**{**fields, "probe": probe, **changes})  # type: ignore[arg-type]


def health(**changes: object) -> Health:
    return Health(**{"camera_id": "c", "state": CameraState.LIVE, "refused": {"blurred": 1}, **changes})  # type: ignore[arg-type]


EVERY_MESSAGE = (
    Report(health=health(), sent=12.5, stages={"detect": [0.1, 0.2]}),
    View(
        number=1,
        captured_at=NOW,
        jpeg=b"x" * 20_000,
        boxes=(ViewBox(track=1, box=Box(x=0, y=0, width=1, height=1), subject_id="anna", note="blurred"),),
    ),
    sighting(),
    Passed(passage=1),
    Loading(),
    Retiring(),
)


def no_relays() -> CameraRelays:
    """Those of a camera that is a file: there are none."""
    camera = Camera(id="one", name="one", address="/nowhere.mp4", purpose="entry")
    return CameraRelays(camera, IngestSettings(), RelayLoop())
