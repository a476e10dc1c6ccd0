"""Every route × every role, from the OpenAPI document, against a table written by hand."""

import socket
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.permission import Role
from tests.api.conftest import Site

pytestmark = pytest.mark.slow

OP, A, R, X = Role.OPERATOR, Role.AUDITOR, Role.RESEARCHER, Role.ADMINISTRATOR
NOBODY = None

ALLOWED: dict[str, set[Role | None]] = {
    "health": {NOBODY, OP, A, R, X},
    "metrics": {NOBODY, OP, A, R, X},
    "log_in": {NOBODY, OP, A, R, X},
    "current_session": {OP, A, R, X},
    "log_out": {OP, A, R, X},
    "note_use": {OP, A, R, X},
    "change_own_password": {OP, A, R, X},
    "get_second_factor": {OP, A, R, X},
    "offer_second_factor": {OP, A, R, X},
    "confirm_second_factor": {OP, A, R, X},
    "set_password": {X},
    "reset_second_factor": {X},
    "list_accounts": {X},
    "create_account": {X},
    "disable_account": {X},
    "list_tokens": {X},
    "issue_token": {X},
    "revoke_token": {X},
    "list_cameras": {OP, A, X},
    "get_camera": {OP, A, X},
    "add_camera": {OP, X},
    "change_camera": {OP, X},
    "remove_camera": {OP, X},
    "camera_view": {OP, X},
    "check_camera": {OP, X},
    "get_camera_check": {OP, A, X},
    "events": {OP, A, X},
    "list_subjects": {OP, A, X},
    "get_gallery": {OP, A, X},
    "get_subject": {OP, A, X},
    "enrol_subject": {OP, X},
    "withdraw_subject": {OP, X},
    "get_declaration": {OP, X},
    "declare_groups": {OP, X},
    "remove_declaration": {OP, X},
    "list_purposes": {OP, A, X},
    "list_consents": {OP, A, X},
    "get_consent": {OP, A, X},
    "grant_consent": {OP, X},
    "withdraw_consent": {OP, X},
    "add_references": {OP, X},
    "reference_picture": {OP, X},
    "identify": {OP, X},
    "verify": {OP, R, X},
    "search_photograph": {OP, X},
    "list_alerts": {OP, A, X},
    "get_alert": {OP, A, X},
    "list_operating_points": {OP, A, X},
    "alert_probe": {OP, X},
    "alert_reference": {OP, X},
    "count_alerts": {OP, A, X},
    "list_reviews": {OP, A, X},
    "review_alert": {OP},
    "list_entries": {A, X},
    "get_entry": {A, X},
    "replay_decision": {A, X},
    "list_searches": {A, X},
    "sample_searches": {A, X},
    "export_searches": {A, X},
    "list_unusual": {A, X},
    "evaluate_live": {A, X},
    "export_groups": {A, X},
    "get_checkpoint": {NOBODY, OP, A, R, X},
    "get_tile": {NOBODY, OP, A, R, X},
    "get_entry_bundle": {A, X},
    "get_receipt": {A, X},  # the others get those of their own searches, and entry 0 is nobody's
    "get_consistency": {NOBODY, OP, A, R, X},
    "get_entry_schema": {NOBODY, OP, A, R, X},
    "resume_log": {X},
    "verify_log": {OP, A, R, X},
    "list_witnesses": {OP, A, R, X},
}


def _operations(site: Site) -> list[tuple[str, str, dict[str, Any]]]:
    document = httpx.get(f"{site.address}/api/v1/openapi.json", verify=False, timeout=60).json()
    return [
        (method.upper(), path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def _ask(site: Site, role: Role | None, method: str, path: str) -> httpx.Response:
    """Asks with ids nobody has, or those given, and reads no further than the head: events never end."""
    with site.client(role) as client, client.stream(method, f"{site.address}{path}") as answer:
        if answer.headers.get("content-type", "").startswith("application/json"):
            answer.read()
        return answer


def test_the_table_names_every_route(shared_site: Site) -> None:
    assert {operation["operationId"] for _, _, operation in _operations(shared_site)} == set(ALLOWED)


@pytest.mark.parametrize("role", [NOBODY, *Role], ids=lambda role: role or "nobody")
def test_every_route_admits_whom_it_should_and_nobody_else(shared_site: Site, role: Role | None) -> None:
    wrong = []
    for method, template, operation in _operations(shared_site):
        name = operation["operationId"]
        path = template.replace("{index}", "0")
        while "{" in path:
            before, _, rest = path.partition("{")
            path = f"{before}{uuid4()}{rest.partition('}')[2]}"
        answer = _ask(shared_site, role, method, path)
        code = shared_site.code(answer) if answer.status_code >= 400 else None
        refused = code in {"authentication_required", "permission_denied"}
        if refused == (role in ALLOWED[name]):
            wrong.append((name, answer.status_code, code))
        if refused:
            expected = (401, "authentication_required") if role is None else (403, "permission_denied")
            assert (answer.status_code, code) == expected, name
        assert answer.status_code != 500, name
    assert wrong == []


@pytest.mark.parametrize("role", [NOBODY, *Role], ids=lambda role: role or "nobody")
def test_other_peoples_objects_stay_closed(shared_site: Site, astronaut_jpeg: bytes, role: Role | None) -> None:
    """The same with ids that are there: nothing but the role decides, and a refusal shows nothing of the object."""
    subject = shared_site.enrol(astronaut_jpeg, name="Canary Person")
    alert = shared_site.alert(astronaut_jpeg)
    seen = shared_site.as_role(X, "GET", f"/subjects/{subject}").json()
    at = {"name": f"Foreign {role}", "address": "rtsp://192.168.99.99/live", "purpose": "demo", "enabled": False}
    camera = shared_site.as_role(OP, "POST", "/cameras", json=at).json()["id"]
    tokens = shared_site.as_role(X, "GET", f"/accounts/{shared_site.accounts[OP]}/tokens").json()
    ids = {
        "subject_id": subject,
        "reference_id": seen["references"][0]["id"],
        "consent_id": seen["consents"][0]["id"],
        "alert_id": alert,
        "account_id": shared_site.accounts[OP],
        "camera_id": camera,
        "token_id": tokens[0]["id"],
        "index": "0",
    }
    try:
        for method, template, operation in _operations(shared_site):
            name = operation["operationId"]
            if role in ALLOWED[name] or not any(f"{{{key}}}" in template for key in ids):
                continue
            answer = _ask(shared_site, role, method, template.format_map(ids))
            assert answer.status_code == (401 if role is None else 403), name
            assert "Canary" not in answer.text
            assert subject not in answer.text
        assert shared_site.as_role(OP, "GET", f"/cameras/{camera}").status_code == 200, "the operator's token as well"
    finally:
        assert shared_site.as_role(OP, "DELETE", f"/cameras/{camera}").status_code == 204
        assert shared_site.as_role(OP, "DELETE", f"/subjects/{subject}").status_code == 204


def test_names_and_pictures_are_not_for_auditors(shared_site: Site, astronaut_jpeg: bytes) -> None:
    subject = shared_site.enrol(astronaut_jpeg, name="Canary Person")
    shared_site.alert(astronaut_jpeg)
    try:
        for path in (f"/subjects/{subject}", "/subjects", "/alerts", "/log/entries?newest=true"):
            assert "Canary" not in shared_site.as_role(A, "GET", path).text, path
        assert "Canary" in shared_site.as_role(OP, "GET", "/subjects").text
        assert "Canary" in shared_site.as_role(OP, "GET", "/alerts").text
    finally:
        assert shared_site.as_role(OP, "DELETE", f"/subjects/{subject}").status_code == 204
    for path in ("/subjects", f"/subjects/{subject}", "/alerts"):
        assert "Canary" not in shared_site.as_role(OP, "GET", path).text, path


def test_researchers_compare_pictures_but_not_with_the_gallery(shared_site: Site, astronaut_jpeg: bytes) -> None:
    subject = shared_site.enrol(astronaut_jpeg)
    files = {"file": ("a.jpg", astronaut_jpeg)}
    try:
        refused = shared_site.as_role(
            R, "POST", "/verifications", data={"purpose": "demo", "subject_id": subject}, files=files
        )
        assert (refused.status_code, shared_site.code(refused)) == (403, "permission_denied")
        both = files | {"against": ("b.jpg", astronaut_jpeg)}
        compared = shared_site.as_role(R, "POST", "/verifications", data={"purpose": "demo"}, files=both)
        assert compared.status_code == 201
        assert compared.json()["mated"] is True
    finally:
        assert shared_site.as_role(OP, "DELETE", f"/subjects/{subject}").status_code == 204


def test_the_body_of_somebody_unknown_is_not_waited_for(shared_site: Site) -> None:
    """The refusal comes before the body has been sent."""
    url = httpx.URL(shared_site.address)
    head = (
        "POST /api/v1/identifications HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {20 * 1024 * 1024}\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")
