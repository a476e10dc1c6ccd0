"""What holds for every answer: one error form, the headers, the OpenAPI document, bounds on what is taken in."""

import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.http.guard import GuardedRoute, asks
from api.permission import Permission, Role
from tests.api.conftest import OpenSite, Site

END = b"--b--\r\n"
PURPOSE = b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nxn--999999999\\ud800\r\n--b--\r\n'
BOUNDARY = {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.fixture(scope="module")
def document(shared_site: Site) -> dict[str, Any]:
    return dict(httpx.get(f"{shared_site.address}/api/v1/openapi.json", verify=False, timeout=60).json())


def _schemas(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _schemas(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _schemas(inner)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/nothing/../../etc/passwd", 404, "not_found"),
        ("PUT", "/api/v1/cameras", 405, "method_not_allowed"),
        ("GET", "/api/v1/log/entries?limit=0", 422, "invalid_request"),
        ("GET", "/api/v1/log/entries?start=99999999999999999999999", 422, "invalid_request"),
        ("GET", "/api/v1/log/entries/-1", 422, "invalid_request"),
        ("GET", "/api/v1/log/entries/99999999", 404, "entry_unknown"),
        ("GET", "/api/v1/alerts?status=perhaps", 422, "invalid_request"),
        ("GET", "/api/v1/alerts?before=none", 404, "alert_unknown"),
        ("GET", "/api/v1/alerts/%2e%2e%2f", 404, None),
        ("GET", "/api/v1/cameras/none", 404, "camera_unknown"),
        ("DELETE", "/api/v1/cameras/none", 404, "camera_unknown"),
        ("GET", "/api/v1/cameras/none/view.jpg", 404, "camera_unknown"),
        ("GET", "/api/v1/subjects/none", 404, "subject_unknown"),
        ("DELETE", "/api/v1/subjects/%00", 404, "subject_unknown"),
        ("DELETE", "/api/v1/consents/none", 404, "consent_unknown"),
        ("GET", "/api/v1/references/none/picture", 404, "reference_unknown"),
        ("DELETE", "/api/v1/accounts/none", 404, "account_unknown"),
        ("POST", "/api/v1/identifications", 422, "invalid_request"),
    ],
)
def test_every_error_has_the_one_form(shared_site: Site, method: str, path: str, status: int, code: str | None) -> None:
    with shared_site.client(Role.ADMINISTRATOR) as client:
        headers = BOUNDARY if method == "POST" else {}
        answer = client.request(method, f"{shared_site.address}{path}", headers=headers, content=b"--b--\r\n")
    assert answer.status_code == status, answer.text
    assert shared_site.code(answer) == (code or shared_site.code(answer))


def test_where_a_method_is_not_taken_exactly_the_documented_ones_are_named(
    shared_site: Site, document: dict[str, Any]
) -> None:
    named = {}
    for path in document["paths"]:
        answer = httpx.options(f"{shared_site.address}{re.sub('{.*?}', 'none', path)}", verify=False, timeout=60)
        assert answer.status_code == 405, path
        named[path] = set(answer.headers["allow"].lower().split(", "))
    assert named == {path: set(operations) for path, operations in document["paths"].items()}
    assert {"/metrics", "/api/v1/cameras", "/api/v1/subjects/{subject_id}"} < set(named)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b'{"name": "\\ud800", "password": "x"}', "application/json"),
        (b'{"name": NaN, "password": 1}', "application/json"),
        (b"\xff\xfe\x00", "application/json"),
        (b"[" * 30_000, "application/json"),
        (b'{"name":"operator","password":"x"}', "text/plain"),
        (b"name=operator&password=x", "application/x-www-form-urlencoded"),
    ],
)
def test_broken_json_is_a_clear_error(shared_site: Site, body: bytes, content_type: str) -> None:
    with shared_site.client() as client:
        answer = client.post("/sessions", content=body, headers={"Content-Type": content_type})
    assert answer.status_code in {400, 415, 422}
    assert shared_site.code(answer) in {"malformed_request", "media_type", "invalid_request"}


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "multipart/form-data", 400),
        (PURPOSE, "multipart/form-data; boundary=b; charset=idna", 400),
        (PURPOSE, "multipart/form-data; boundary=b; charset=undefined", 400),
        (PURPOSE, "multipart/form-data; boundary=b; charset=none", 422),
        (PURPOSE, "multipart/form-data; boundary=b; charset=unicode_escape", 422),
        (b"", "multipart/form-data; boundary=b", 422),
        (b"--b\r\nnonsense", "multipart/form-data; boundary=b", 422),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=b", 400),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b", 400),
        (b"file=x&purpose=demo", "application/x-www-form-urlencoded", 415),
        (b"{}", "application/json", 415),
        (b"x" * 100, "image/jpeg", 415),
        (
            b"".join(b'--b\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nx\r\n' % n for n in range(100))
            + b"--b--\r\n",
            "multipart/form-data; boundary=b",
            400,
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n' + b"x" * 100_000 + b"\r\n--b--\r\n",
            "multipart/form-data; boundary=b",
            400,
        ),
    ],
)
def test_broken_forms_are_a_clear_error(shared_site: Site, body: bytes, content_type: str, status: int) -> None:
    with shared_site.client(Role.OPERATOR) as client:
        answer = client.post("/identifications", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status
    shared_site.code(answer)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300))
def test_no_bytes_make_the_service_stumble(shared_site: Site, body: bytes) -> None:
    for path, content_type in (("/identifications", BOUNDARY["Content-Type"]), ("/cameras", "application/json")):
        answer = shared_site.as_role(Role.OPERATOR, "POST", path, content=body, headers={"Content-Type": content_type})
        assert 400 <= answer.status_code < 500
        shared_site.code(answer)


def test_too_much_is_refused_when_declared_and_while_it_arrives(shared_site: Site) -> None:
    with shared_site.client(Role.OPERATOR) as client:
        big = client.post("/cameras", content=b" " * 70_000, headers={"Content-Type": "application/json"})
        assert (big.status_code, shared_site.code(big)) == (413, "request_too_large")
        chunks = (b" " * 10_000 for _ in range(8))
        arriving = client.post("/cameras", content=chunks, headers={"Content-Type": "application/json"})
        assert (arriving.status_code, shared_site.code(arriving)) == (413, "request_too_large")
        picture = client.post(
            "/identifications", data={"purpose": "demo"}, files={"file": ("x.jpg", b"x" * (20 * 1024 * 1024 + 70_000))}
        )
        assert (picture.status_code, shared_site.code(picture)) == (413, "request_too_large")


def test_too_many_pictures_are_refused(shared_site: Site) -> None:
    files = [("files", ("x.jpg", b"x"))] * 21
    for path, data in (("/subjects", shared_site.consent()), ("/subjects/none/references", {})):
        answer = shared_site.as_role(Role.OPERATOR, "POST", path, data=data, files=files)
        assert (answer.status_code, shared_site.code(answer)) == (413, "request_too_large"), path
        assert "20" in answer.json()["error"]["remedy"]
        as_many = shared_site.as_role(Role.OPERATOR, "POST", path, data=data, files=files[:20])
        assert shared_site.code(as_many) != "request_too_large"


def test_a_form_of_more_files_than_any_route_takes_is_refused(shared_site: Site) -> None:
    files = [("files", ("x.jpg", b"x"))] * 201
    answer = shared_site.as_role(Role.OPERATOR, "POST", "/subjects", data=shared_site.consent(), files=files)
    assert (answer.status_code, shared_site.code(answer)) == (400, "malformed_request")


def test_uploaded_pictures_never_touch_the_disk(shared_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Form parsers spill files over a megabyte into the temporary folder: here that would be a stranger's face."""

    def spill(*_: object) -> None:
        raise AssertionError("an upload went to the disk")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", spill)
    monkeypatch.setattr(tempfile, "TemporaryFile", spill)
    answer = shared_site.as_role(
        Role.OPERATOR, "POST", "/identifications", data={"purpose": "demo"}, files={"file": ("x", b"x" * 5_000_000)}
    )
    assert (answer.status_code, shared_site.code(answer)) == (415, "image_format")


def test_a_fault_inside_shows_nothing_of_the_inside(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault() -> None:
        raise RuntimeError("canary: the inside")

    monkeypatch.setattr(site.service.cameras, "list", fault)
    answer = site.as_role(Role.OPERATOR, "GET", "/cameras")
    assert (answer.status_code, site.code(answer)) == (500, "internal")
    assert "canary" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/cameras", "/metrics", "/nothing", "/api/v1/openapi.json"])
def test_every_answer_carries_the_headers(shared_site: Site, path: str) -> None:
    headers = httpx.get(f"{shared_site.address}{path}", verify=False, timeout=60).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_strange_hosts_and_heads_do_not_stumble(shared_site: Site) -> None:
    url = httpx.URL(shared_site.address)
    for head in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"GET /api/v1/health HTTP/1.1\r\nHost: \xff\r\n\r\n",
    ):
        with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
            connection.sendall(head)
            connection.settimeout(5)
            assert b" 500 " not in connection.recv(200)
    assert shared_site.as_role(None, "GET", "/health").status_code == 200


def test_the_document_is_complete(document: dict[str, Any]) -> None:
    names = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            names.append(operation["operationId"])
            assert operation["summary"], where
            assert operation["description"], where
            assert operation["tags"], where
            assert operation["x-permission"] in set(Permission), where
            errors = {status for status in operation["responses"] if status >= "400"}
            if operation["x-permission"] != "public":
                assert {"401", "403", "429"} <= errors, where
            for status in errors - {"503"}:
                schema = operation["responses"][status]["content"]["application/json"]["schema"]
                assert schema["$ref"].endswith("/ErrorBody"), where
    assert len(names) == len(set(names))
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert document["security"] == [{"token": []}, {"session": []}]


def test_the_document_has_examples_and_no_template_ever(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    inputs = [name for name in schemas if name.endswith("In") or name in {"Body_enrol_subject", "Body_identify"}]
    assert inputs
    for name in inputs:
        assert any("examples" in inner for inner in _schemas(schemas[name]["properties"])), name
    assert "template" not in str(document["components"]).lower()
    assert "password_hash" not in str(document)


def test_a_route_that_names_no_permission_cannot_be_made() -> None:
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(TypeError, match="permission"):
        router.add_api_route("/x", lambda: None)
    router.add_api_route("/y", lambda: None, openapi_extra=asks(Permission.LIVE))


def test_health_says_no_more_than_it_must(shared_site: Site) -> None:
    answer = shared_site.as_role(None, "GET", "/health")
    assert answer.status_code == 200
    assert set(answer.json()) == {"status", "troubles", "version"}


def test_metrics_are_prometheus_text_and_can_be_closed(shared_site: Site, open_site: OpenSite, tmp_path: Path) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    answer = httpx.get(f"{shared_site.address}/metrics", verify=False, timeout=60)
    assert answer.headers["content-type"].startswith("text/plain")
    assert [family.name for family in text_string_to_metric_families(answer.text) if "clearglass" in family.name]
    for site in open_site(tmp_path / "data", metrics_open=False):
        for role, status in ((None, 401), (Role.OPERATOR, 403), (Role.AUDITOR, 200)):
            with site.client(role) as client:
                assert client.get(f"{site.address}/metrics").status_code == status


@pytest.mark.slow
def test_an_account_that_asks_too_often_waits_whatever_token_it_uses(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", requests_per_minute=20, searches_per_minute=3):
        account = site.accounts[Role.OPERATOR]
        other = site.service.accounts.issue_token(account, name="second", actor="cli:test").secret
        tokens = [site.tokens[Role.OPERATOR], other]
        searches = [
            httpx.post(
                f"{site.address}/api/v1/identifications",
                headers={"Authorization": f"Bearer {tokens[number % 2]}"},
                data={"purpose": "demo"},
                files={"file": ("x", b"no picture")},
                verify=False,
                timeout=60,
            )
            for number in range(4)
        ]
        assert [answer.status_code for answer in searches] == [415, 415, 415, 429]
        assert site.code(searches[3]) == "too_many_requests"
        assert int(searches[3].headers["retry-after"]) >= 1
        enrolment = site.as_role(Role.OPERATOR, "POST", "/subjects", data=site.consent(), files={"files": ("x", b"")})
        assert (enrolment.status_code, site.code(enrolment)) == (429, "too_many_requests")
        # However many pictures a page shows, they leave what its reader does alone.
        for path in ("/cameras/none/view.jpg", "/alerts/none/probe.jpg", "/references/none/picture"):
            for _ in range(30):
                assert site.as_role(Role.OPERATOR, "GET", path).status_code == 404
        statuses = [site.as_role(Role.OPERATOR, "GET", "/cameras").status_code for _ in range(40)]
        assert statuses[0] == 200
        assert statuses[-1] == 429
        assert site.as_role(Role.AUDITOR, "GET", "/cameras").status_code == 200
