"""Enrolments over HTTP that need a decision: a likely duplicate, or which face of a picture is meant."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from api.http.admission import LOOKING
from api.permission import Role
from tests.api.conftest import Site

pytestmark = pytest.mark.slow


def enrol(site: Site, *pictures: bytes, **fields: str) -> Any:
    files = [("files", ("x.jpg", picture)) for picture in pictures]
    return site.as_role(Role.OPERATOR, "POST", "/subjects", data=site.consent(**fields), files=files)


@pytest.fixture(scope="module")
def twice_jpeg(astronaut: Any) -> bytes:
    """A picture with two faces, of which the second is smaller."""
    from PIL import Image

    from matcher.recognition.image import encode_jpeg

    smaller = np.zeros_like(astronaut)
    smaller[:340, :340] = np.asarray(Image.fromarray(astronaut).resize((340, 340)))
    return encode_jpeg(np.concatenate([astronaut, smaller], axis=1))


def test_a_second_name_for_one_person_must_be_acknowledged(site: Site, astronaut_jpeg: bytes) -> None:
    first = site.enrol(astronaut_jpeg, purpose="door-opening")
    log = site.service.matcher.log.size()
    refused = enrol(site, astronaut_jpeg, astronaut_jpeg, name="Somebody Else", purpose="canteen")
    assert refused.status_code == 409, refused.text
    error = refused.json()["error"]
    assert error["code"] == "likely_duplicate"
    assert first in error["message"]
    [duplicate] = error["duplicates"]
    assert (duplicate["subject_id"], duplicate["name"]) == (first, "Eileen Collins")
    assert duplicate["dissimilarity"] < 0.01
    assert duplicate["stands_for"].startswith("of strangers")
    # Nothing is written but the searches, one for each picture.
    entries = site.service.matcher.log.entries(log)
    assert [entry.kind for entry in entries] == ["request", "request", "outcome", "outcome"]
    assert {(entry.body["purpose"], entry.body["camera"], entry.body["role"]) for entry in entries[:2]} == {
        ("enrolment-check", "enrolment", "operator")
    }
    point, in_use = entries[0].body["operating_point"], site.service.matcher.identifier.operating_point
    assert point["name"] == "enrolment-check"
    assert 0.7 < point["threshold"] < in_use.threshold, "the scale's FMR of 5e-6, not 1e-5"
    assert [one["id"] for one in site.as_role(Role.OPERATOR, "GET", "/subjects").json()] == [first]

    assert enrol(site, astronaut_jpeg, acknowledged="true").status_code == 409
    made = enrol(site, astronaut_jpeg, name="Somebody Else", acknowledged=f"nobody, {first}")
    assert made.status_code == 201, made.text
    second = made.json()["subject"]["id"]
    with site.client(Role.OPERATOR) as client:
        more = {"files": ("x.jpg", astronaut_jpeg)}
        refused = client.post(f"/subjects/{second}/references", files=more)
        assert [one["subject_id"] for one in refused.json()["error"]["duplicates"]] == [first]
        added = client.post(f"/subjects/{second}/references", files=more, data={"acknowledged": first})
        assert added.status_code == 201, added.text


def test_one_of_several_faces_is_chosen(site: Site, astronaut_jpeg: bytes, twice_jpeg: bytes) -> None:
    refused = enrol(site, twice_jpeg)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "enrolment_refused")
    [picture] = refused.json()["error"]["refused"]
    assert (picture["picture"], picture["code"]) == ("1", "several_faces")
    assert (picture["listing"]["width"], picture["listing"]["height"]) == (1024, 512)
    large, small = picture["listing"]["faces"]
    assert (large["index"], small["index"]) == (1, 2)
    assert large["box"]["x"] < 512 < small["box"]["x"]
    assert large["box"]["width"] > 1.3 * small["box"]["width"]

    made = enrol(site, astronaut_jpeg, twice_jpeg, twice_jpeg, faces=",2,3")
    assert made.status_code == 201, made.text
    assert [(one["picture"], one["code"]) for one in made.json()["refused"]] == [("3", "face_unknown")]
    apart = [one["quality"]["eye_distance"] for one in made.json()["accepted"]]
    assert apart[0] > 1.3 * apart[1]
    subject = made.json()["subject"]["id"]
    more = {"files": ("x.jpg", twice_jpeg)}
    added = site.as_role(Role.OPERATOR, "POST", f"/subjects/{subject}/references", files=more, data={"faces": "1"})
    assert added.status_code == 201, added.text
    for faces, code in (("1,2", "enrolment_refused"), ("one", "invalid_request"), ("-1", "invalid_request")):
        answer = enrol(site, twice_jpeg, faces=faces)
        assert (answer.status_code, site.code(answer)) == (422, code)


@pytest.mark.parametrize(
    ("name", "kept"),
    [(" Zoë\u00a0Ann ", "Zoë\u00a0Ann"), ("Zoe\u0308", "Zo\u00eb"), ("Ann\u202enaeJ", None), ("\u200b", None)],
)
def test_names_are_trimmed_and_never_reordered(
    shared_site: Site, astronaut_jpeg: bytes, name: str, kept: str | None
) -> None:
    answer = enrol(shared_site, astronaut_jpeg, name=name)
    if kept is None:
        assert (answer.status_code, shared_site.code(answer)) == (422, "enrolment_refused")
        assert f"U+{ord(max(name)):04X}" in answer.json()["error"]["message"]
        return
    assert answer.status_code == 201, answer.text
    subject = answer.json()["subject"]
    assert subject["name"] == kept
    shared_site.as_role(Role.OPERATOR, "DELETE", f"/subjects/{subject['id']}")


def test_searches_come_between_the_pictures_of_enrolments(
    site: Site, astronaut_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two enrolments of many pictures have both slots; a search waits for one picture, not for twenty."""
    subject = site.enrol(astronaut_jpeg)
    looked = site.service.matcher.sampler.sample

    looking = threading.Event()

    def slowly(data: bytes, **arguments: Any) -> Any:
        looking.set()
        time.sleep(0.1)
        return looked(data, **arguments)

    monkeypatch.setattr(site.service.matcher.sampler, "sample", slowly)

    def add() -> int:
        files = [("files", ("x.jpg", astronaut_jpeg))] * 8
        return int(site.as_role(Role.OPERATOR, "POST", f"/subjects/{subject}/references", files=files).status_code)

    with ThreadPoolExecutor(2) as threads:
        enrolments = [threads.submit(add) for _ in range(2)]
        assert looking.wait(10)
        found = _identify(site, astronaut_jpeg)
        assert not any(enrolment.done() for enrolment in enrolments), "a slot was held for more than one picture"
        assert [enrolment.result() for enrolment in enrolments] == [201, 201]
    assert found.status_code == 201, found.text


def test_an_enrolment_waits_longer_for_its_turn_than_a_search(
    site: Site, astronaut_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LOOKING, "seconds", 0.01)
    with ThreadPoolExecutor(1) as threads:
        with LOOKING.taken(), LOOKING.taken():
            enrolment = threads.submit(enrol, site, astronaut_jpeg)
            searched = _identify(site, astronaut_jpeg)
            assert (searched.status_code, site.code(searched)) == (503, "busy")
            assert not enrolment.done()
        assert enrolment.result().status_code == 201


def test_an_enrolment_whose_turn_does_not_come_is_sent_away_whole(
    site: Site, astronaut_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routers.subjects.ENROLMENT_SECONDS", 0.1)
    monkeypatch.setattr("api.routers.references.ENROLMENT_SECONDS", 0.1)
    subject = site.enrol(astronaut_jpeg)
    log = site.service.matcher.log.size()
    with LOOKING.taken(), LOOKING.taken():
        more = {"files": ("x.jpg", astronaut_jpeg)}
        for answer in (
            enrol(site, astronaut_jpeg, name="Somebody Else"),
            site.as_role(Role.OPERATOR, "POST", f"/subjects/{subject}/references", files=more),
        ):
            assert (answer.status_code, site.code(answer)) == (503, "busy")
            assert int(answer.headers["retry-after"]) > 0
    assert site.service.matcher.log.size() == log
    assert [one["id"] for one in site.as_role(Role.OPERATOR, "GET", "/subjects").json()] == [subject]
    assert enrol(site, astronaut_jpeg, acknowledged=subject).status_code == 201


def _identify(site: Site, picture: bytes) -> Any:
    files = {"file": ("x.jpg", picture)}
    return site.as_role(Role.OPERATOR, "POST", "/identifications", data={"purpose": "demo"}, files=files)
