"""Pictures that are taken in over HTTP: tiny faces, bombs of pixels, more at once than the machine can look at."""

import io
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from api.http.admission import LOOKING
from api.permission import Role
from api.slots import Slots
from matcher.picture.pixel_array import Image
from tests.api.conftest import Site


@pytest.fixture(scope="module")
def send(shared_site: Site) -> Callable[[str, list[bytes]], httpx.Response]:
    """Sends pictures to each of the doors that take some."""

    def sent(path: str, pictures: list[bytes]) -> httpx.Response:
        if path == "/subjects":
            data, files = shared_site.consent(), [("files", ("x", picture)) for picture in pictures]
        else:
            data, files = {"purpose": "demo"}, [("file", ("x", pictures[0])), ("against", ("x", pictures[-1]))]
        if path == "/identifications":
            del files[1]
        answer = shared_site.as_role(Role.OPERATOR, "POST", path, data=data, files=files)
        assert isinstance(answer, httpx.Response)
        return answer

    return sent


Send = Callable[[str, list[bytes]], httpx.Response]


@pytest.fixture(scope="module")
def tiny_jpeg(astronaut: Image) -> bytes:
    """A face of a few pixels."""
    import cv2

    from matcher.recognition.image import encode_jpeg

    return encode_jpeg(cv2.resize(astronaut, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA))


@pytest.fixture(scope="module")
def bomb_png() -> bytes:
    """A few kilobytes that would unpack to four hundred million pixels."""
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.new("1", (20_000, 20_000)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("path", ["/identifications", "/verifications"])
def test_a_tiny_face_is_not_searched_with(shared_site: Site, send: Send, tiny_jpeg: bytes, path: str) -> None:
    answer = send(path, [tiny_jpeg])
    assert (answer.status_code, shared_site.code(answer)) == (422, "face_quality")
    assert "too_small" in answer.json()["error"]["message"]


def test_a_tiny_face_is_not_enrolled(shared_site: Site, send: Send, astronaut_jpeg: bytes, tiny_jpeg: bytes) -> None:
    alone = send("/subjects", [tiny_jpeg])
    assert (alone.status_code, shared_site.code(alone)) == (422, "enrolment_refused")
    beside = send("/subjects", [astronaut_jpeg, tiny_jpeg]).json()
    shared_site.as_role(Role.OPERATOR, "DELETE", f"/subjects/{beside['subject']['id']}")
    assert len(beside["accepted"]) == 1
    assert [(one["picture"], one["code"]) for one in beside["refused"]] == [("2", "face_quality")]


def test_a_phones_heic_finds_whom_a_jpeg_enrolled(shared_site: Site, send: Send, astronaut_jpeg: bytes) -> None:
    heic = (Path(__file__).parents[1] / "matcher" / "picture" / "pictures" / "portrait.heic").read_bytes()
    enrolled = send("/subjects", [astronaut_jpeg]).json()["subject"]["id"]
    found = send("/identifications", [heic])
    shared_site.as_role(Role.OPERATOR, "DELETE", f"/subjects/{enrolled}")
    assert found.status_code == 201
    assert [candidate["subject_id"] for candidate in found.json()["candidates"]] == [enrolled]


def test_another_format_is_refused_by_the_names_of_those_that_are_read(shared_site: Site, send: Send) -> None:
    answer = send("/identifications", [b"GIF89a" + bytes(99)])
    assert (answer.status_code, shared_site.code(answer)) == (415, "image_format")
    assert "JPEG, PNG, WebP, HEIC or AVIF" in answer.json()["error"]["message"]


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/identifications", "/verifications"])
def test_a_bomb_of_pixels_is_refused(shared_site: Site, send: Send, bomb_png: bytes, path: str) -> None:
    answer = send(path, [bomb_png])
    assert (answer.status_code, shared_site.code(answer)) == (413, "image_too_large")


def test_a_bomb_of_pixels_is_not_enrolled(
    shared_site: Site, send: Send, astronaut_jpeg: bytes, bomb_png: bytes
) -> None:
    beside = send("/subjects", [bomb_png, astronaut_jpeg]).json()
    shared_site.as_role(Role.OPERATOR, "DELETE", f"/subjects/{beside['subject']['id']}")
    assert [(one["picture"], one["code"]) for one in beside["refused"]] == [("1", "image_too_large")]


@pytest.mark.parametrize("path", ["/identifications", "/verifications", "/subjects"])
def test_more_pictures_at_once_than_can_be_looked_at_are_sent_away(
    shared_site: Site, send: Send, astronaut_jpeg: bytes, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LOOKING, "seconds", 0.01)
    monkeypatch.setattr("api.routers.subjects.ENROLMENT_SECONDS", 0.01)
    with LOOKING.taken(), LOOKING.taken():
        answer = send(path, [astronaut_jpeg])
    assert (answer.status_code, shared_site.code(answer)) == (503, "busy")
    assert int(answer.headers["retry-after"]) > 0
    assert shared_site.as_role(Role.OPERATOR, "GET", "/subjects").json() == []


def test_a_slot_is_given_back_after_a_failure() -> None:
    slots = Slots("x", at_once=1, seconds=0.01)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), slots.taken():
            raise ZeroDivisionError


def test_slots_are_given_in_the_order_of_asking() -> None:
    """Also before the one who has just let go of one and asks again at once."""
    slots, order = Slots("x", at_once=1, seconds=5.0), []

    def other() -> None:
        with slots.taken():
            order.append("other")

    waits = threading.Thread(target=other)
    with slots.taken():
        waits.start()
        time.sleep(0.1)
    with slots.taken():
        order.append("again")
    waits.join()
    assert order == ["other", "again"]
