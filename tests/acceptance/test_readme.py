"""README's commands, pasted line by line while the service runs on a fresh data folder, with the files they name."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.rehearsal.film.film import Film
from ingest.rehearsal.server.rtsp_server import RtspServer
from matcher.evaluation.scores import Provenance, Scores
from matcher.recognition.face_model import FaceModel
from matcher.recognition.image import decode_image, encode_jpeg
from matcher.recognition.registry import DEFAULT_FUSION
from tests.acceptance.conftest import SETTINGS, serving

pytestmark = pytest.mark.slow

README = Path(__file__).parents[2] / "README.md"
CAMERA = "rtsp://192.168.1.20/stream1"
ELSEWHERE = ("make setup", "clearglass serve", "clearglass audit rotate-key")
"""What a line begins with that runs before the service, is the service, or needs it to stand still."""


def lines() -> list[str]:
    """The commands under "Use it", without their comments."""
    [block] = re.findall(r"^## Use it\n```\n(.*?)^```", README.read_text(), flags=re.M | re.S)
    return [re.split(r"\s+#\s", line)[0] for line in block.splitlines() if not line.startswith(ELSEWHERE)]


@pytest.fixture
def files(data_folder: Path, tmp_path: Path) -> Path:
    """A folder with all files that the commands read."""
    folder = tmp_path / "files"
    folder.mkdir()

    def picture(person: str, number: int) -> bytes:
        return (data_folder / "lfw/lfw-deepfunneled" / person / f"{person}_{number:04}.jpg").read_bytes()

    def together(*people: str) -> bytes:
        return encode_jpeg(np.hstack([decode_image(picture(person, 3)) for person in people]))

    ada, alan, other = "Serena_Williams", "Bill_Clinton", "Colin_Powell"
    for name, content in {
        "ada1.jpg": picture(ada, 1),
        "ada2.jpg": picture(ada, 2),
        "team.jpg": together(other, alan),
        "visitor.jpg": picture(ada, 4),
        "visitors.jpg": together(ada, other),
        "consent.pdf": b"I agree. Ada",
        "consent2.pdf": b"I agree. Alan",
    }.items():
        (folder / name).write_bytes(content)
    _scores().write(folder / "scores.csv")
    return folder


def _scores() -> Scores:
    """A site's comparisons: 120,000 non-mated, of which 1e-4 are twelve, and 200 mated."""
    random = np.random.default_rng(1)
    mated = np.arange(120_200) < 200
    one = random.integers(0, 200, len(mated))
    other = np.where(mated, one, (one + random.integers(1, 200, len(mated))) % 200)
    return Scores(
        fold=np.zeros(len(mated), np.int64),
        probe=tuple(f"person {who}/a" for who in one),
        reference=tuple(f"person {who}/b" for who in other),
        mated=mated,
        dissimilarity={"fusion": np.where(mated, 0.4, random.normal(1.2, 0.1, len(mated))).clip(0)},
        provenance=Provenance(
            dataset="Lobby",
            measured_on="2026-12-01",
            digests={"fusion": FaceModel().digest},
            weights=DEFAULT_FUSION.weights,
            samples=200,
            failed=(),
        ),
    )


@pytest.fixture
def camera(tmp_path: Path, astronaut: np.ndarray) -> Iterator[str]:
    """The address of a camera that shows somebody."""
    film = tmp_path / "lobby.mp4"
    with Film(film, width=512, height=512, fps=10) as made:
        for _ in range(40):
            made.add(astronaut)
    with RtspServer({"stream1": film}) as server:
        yield server.url("stream1")


@pytest.mark.timeout(600)  # the camera's check takes a minute by itself
def test_the_commands_work_as_they_stand_while_the_service_runs(tmp_path: Path, files: Path, camera: str) -> None:
    folder = tmp_path / "data"
    environment = os.environ | SETTINGS | {"CLEARGLASS_FOLDER": str(folder)}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    ran = set()
    with serving(folder, "first"):
        for line in lines():
            done = subprocess.run(
                ["bash", "-c", line.replace(CAMERA, camera)],
                cwd=files,
                env=environment,
                input="seven green lanterns at noon\n",
                capture_output=True,
                text=True,
                timeout=180,
                check=False,
            )
            # Fit, not fit, or not enough seen: this camera shows one face that does not move.
            expected = {0, 3, 4} if line.startswith("clearglass camera check") else {0}
            assert done.returncode in expected, f"{line}: {done.returncode}\n{done.stdout}{done.stderr}"
            ran.add(line.split()[1])
    assert ran >= {"doctor", "account", "camera", "subject", "identify", "calibrate", "thresholds", "audit"}
