"""Several faces in a picture, over HTTP: the choice of one, and a search for each."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.permission import Role
from matcher.picture.pixel_array import Image
from matcher.recognition.image import crop_face, encode_jpeg
from matcher.recognition.recogniser import Recogniser
from matcher.search.crowd import MOST_FACES
from tests.api.conftest import OpenSite, Site


@pytest.fixture(scope="module")
def head(recogniser: Recogniser, astronaut: Image) -> Image:
    """The astronaut's face with some margin."""
    return crop_face(astronaut, recogniser.detect([astronaut])[0][0], margin=0.6)


@pytest.fixture(scope="module")
def three(head: Image) -> bytes:
    """The face large, half as large, and too small to be used."""
    import cv2

    canvas = np.full((head.shape[0] + 20, 3 * head.shape[1], 3), 127, np.uint8)
    left = 10
    for scale in (1.0, 0.5, 0.2):
        small = cv2.resize(head, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        canvas[10 : 10 + small.shape[0], left : left + small.shape[1]] = small
        left += small.shape[1] + 40
    return encode_jpeg(canvas, 95)


def _post(site: Site, path: str, picture: bytes, role: Role = Role.OPERATOR, **fields: object) -> Any:
    data = {"purpose": "demo"} | {key: str(value) for key, value in fields.items()}
    return site.as_role(role, "POST", path, data=data, files={"file": ("x.jpg", picture)})


def test_several_faces_are_listed_and_one_is_chosen(shared_site: Site, three: bytes, astronaut_jpeg: bytes) -> None:
    subject = shared_site.enrol(astronaut_jpeg)
    try:
        refused = _post(shared_site, "/identifications", three)
        assert (refused.status_code, shared_site.code(refused)) == (422, "several_faces")
        picture = refused.json()["error"]["picture"]
        assert [face["index"] for face in picture["faces"]] == [1, 2, 3]
        assert [face["reasons"] for face in picture["faces"]] == [[], [], ["too_small"]]
        lefts = [face["box"]["x"] for face in picture["faces"]]
        assert lefts == sorted(lefts) and picture["width"] > picture["height"]
        assert picture["faces"][0]["box"]["width"] > 1.8 * picture["faces"][1]["box"]["width"]
        assert 0 < picture["faces"][1]["quality"] <= picture["faces"][0]["quality"] <= 1

        found = _post(shared_site, "/identifications", three, face=2)
        assert [one["subject_id"] for one in found.json()["candidates"]] == [subject]
        small = _post(shared_site, "/identifications", three, face=3)
        assert (small.status_code, shared_site.code(small)) == (422, "face_quality")
        assert "too_small" in small.json()["error"]["message"]
        missing = _post(shared_site, "/identifications", three, face=4)
        assert (missing.status_code, shared_site.code(missing)) == (422, "face_unknown")
        assert len(missing.json()["error"]["picture"]["faces"]) == 3
        for face in (0, "x"):
            malformed = _post(shared_site, "/identifications", three, face=face)
            assert (malformed.status_code, shared_site.code(malformed)) == (422, "invalid_request")
    finally:
        shared_site.as_role(Role.OPERATOR, "DELETE", f"/subjects/{subject}")


def test_both_sides_of_a_verification_take_a_choice(shared_site: Site, three: bytes) -> None:
    def verify(**faces: int) -> Any:
        data = {"purpose": "demo"} | {key: str(value) for key, value in faces.items()}
        files = {"file": ("x.jpg", three), "against": ("y.jpg", three)}
        return shared_site.as_role(Role.RESEARCHER, "POST", "/verifications", data=data, files=files)

    assert verify(face=1, against_face=2).json()["mated"] is True
    for faces, part in (({"face": 1}, "against: "), ({"against_face": 1}, "file: ")):
        refused = verify(**faces)
        assert (refused.status_code, shared_site.code(refused)) == (422, "several_faces")
        assert refused.json()["error"]["message"].startswith(part)


@pytest.mark.slow
def test_everybody_in_a_photograph_is_searched_for(site: Site, three: bytes, astronaut_jpeg: bytes) -> None:
    subject = site.enrol(astronaut_jpeg)
    answer = _post(site, "/photographs", three, case_reference="case 7")
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["least_eye_distance"] == 20
    assert [face["index"] for face in told["faces"]] == [1, 2, 3]
    assert [face["reasons"] for face in told["faces"]] == [[], [], ["too_small"]]
    first, second, third = (face["search"] for face in told["faces"])
    assert third is None
    for search in (first, second):
        assert [one["subject_id"] for one in search["candidates"]] == [subject]
        assert search["candidates"][0]["name"] == "Eileen Collins"
        assert site.as_role(Role.OPERATOR, "GET", search["outcome_receipt"].removeprefix("/api/v1")).status_code == 200
        request = site.as_role(Role.AUDITOR, "GET", f"/log/entries/{search['request_index']}").json()["body"]
        assert (request["case_reference"], request["camera"]) == ("case 7", "upload")
        assert (request["origin"]["photograph"], request["origin"]["searched"]) == (told["photograph"], 2)
    assert len({first["request_index"], first["outcome_index"], second["request_index"], second["outcome_index"]}) == 4

    logged = site.as_role(Role.AUDITOR, "GET", "/log/searches").json()["searches"]
    assert {one["photograph"] for one in logged if one["camera"] == "upload"} == {told["photograph"]}
    time = {"since": "2026-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
    unusual = site.as_role(Role.AUDITOR, "GET", "/log/unusual", params=time).json()
    assert [one["count"] for one in unusual if one["code"] == "crowd"] == [2]

    smaller = _post(site, "/photographs", three, least_eye_distance=8).json()
    assert [face["reasons"] for face in smaller["faces"]] == [[], [], []]
    assert [len(face["search"]["candidates"]) for face in smaller["faces"]] == [1, 1, 1]
    other = site.as_role(
        Role.OPERATOR, "POST", "/photographs", data={"purpose": "other"}, files={"file": ("x", three)}
    ).json()
    assert [face["search"] and face["search"]["candidates"] for face in other["faces"]] == [[], [], None]
    assert [told["warnings"], [one["code"] for one in other["warnings"]]] == [[], ["nobody_in_scope"]]


@pytest.mark.parametrize("least", [1.9, 0, -1, "nan", "inf", 1001])
def test_how_small_faces_may_be_is_bounded(shared_site: Site, three: bytes, least: object) -> None:
    refused = _post(shared_site, "/photographs", three, least_eye_distance=least)
    assert (refused.status_code, shared_site.code(refused)) == (422, "invalid_request")


def test_a_photograph_of_nobody(shared_site: Site) -> None:
    size = shared_site.service.matcher.log.size()
    answer = _post(shared_site, "/photographs", encode_jpeg(np.full((300, 400, 3), 127, np.uint8)))
    assert (answer.status_code, answer.json()["faces"]) == (201, [])
    assert shared_site.service.matcher.log.size() == size


def test_more_faces_than_one_call_takes(shared_site: Site, three: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_FACES >= 500
    monkeypatch.setattr("matcher.search.crowd.MOST_FACES", 1)
    refused = _post(shared_site, "/photographs", three)
    assert (refused.status_code, shared_site.code(refused)) == (422, "too_many_faces")


@pytest.mark.slow
def test_each_face_counts_as_a_search_of_the_accounts_rate(open_site: OpenSite, tmp_path: Path, three: bytes) -> None:
    for site in open_site(tmp_path / "data", searches_per_minute=2):
        assert len(_post(site, "/photographs", three, least_eye_distance=8).json()["faces"]) == 3
        refused = _post(site, "/identifications", three, face=1)
        assert (refused.status_code, site.code(refused)) == (429, "too_many_requests")
        # Three searches were made at a limit of two a minute: the balance is -1, and one more is needed.
        assert 50 <= int(refused.headers["retry-after"]) <= 61
