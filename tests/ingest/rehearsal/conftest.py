import numpy as np
import pytest
import trustme

from ingest.rehearsal.film.portrait import Person, Portrait, portrait_of
from ingest.rehearsal.film.scene import Scene, compose_scene
from ingest.rehearsal.server.certificate import ServerCertificate
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face
from matcher.recognition.recogniser import Recogniser


@pytest.fixture(scope="session")
def astronauts_face(astronaut: Image, recogniser: Recogniser) -> Face:
    return recogniser.detect([astronaut])[0][0]


@pytest.fixture(scope="session")
def portrait(astronaut: Image, astronauts_face: Face) -> Portrait:
    return portrait_of(astronaut, astronauts_face)


@pytest.fixture(scope="session")
def mirrored(astronaut: Image, recogniser: Recogniser) -> Portrait:
    picture = np.ascontiguousarray(astronaut[:, ::-1])
    return portrait_of(picture, recogniser.detect([picture])[0][0])


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory, portrait: Portrait, mirrored: Portrait) -> Scene:
    """Eight seconds of 1280×720 with one person and one stranger."""
    return compose_scene(
        tmp_path_factory.mktemp("scene") / "scene.mp4",
        people=[Person(name="volunteer", portraits=[portrait])],
        strangers=[[mirrored]],
        seconds=8,
        width=1280,
        height=720,
        seed=3,
    )


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> ServerCertificate:
    """For 127.0.0.1, issued by the authority."""
    folder, issued = tmp_path_factory.mktemp("certificate"), authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    return ServerCertificate(certificate=folder / "certificate.pem", key=folder / "key.pem")
