"""Requests that nobody thought of, made from the OpenAPI document by Schemathesis, as each role.

`CLEARGLASS_SCHEMA_SECONDS` says how long for each role.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.slow

SECONDS = os.environ.get("CLEARGLASS_SCHEMA_SECONDS", "20")
ROLES = ("operator", "auditor", "researcher", "administrator")
PASSWORD = "a long enough password for a test"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "allow_header_conformance",
)
LEFT_OUT = ("events", "disable_account", "revoke_token", "log_out")
"""An answer without an end; and what would end the run's own account."""


CONFIGURATION = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 503, 507]
"""
"""Without these two: the service says that it cannot do something now, which is no fault of it."""


@pytest.fixture(scope="module")
def service(
    serve: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The address, and a token for each role."""
    more = {f"CLEARGLASS_{what}_PER_MINUTE": "1000000" for what in ("REQUESTS", "SEARCHES", "VIEWS")}
    with serve(tmp_path_factory.mktemp("schema"), **more) as served:
        with httpx.Client(base_url=f"{served.address}/api/v1", timeout=60.0) as admin:
            logged_in = admin.post("/sessions", json={"name": "admin", "password": PASSWORD}).json()
            admin.headers["X-CSRF-Token"] = logged_in["csrf"]
            tokens = {role: _token(admin, role) for role in ROLES}
        yield served.address, tokens


def _token(admin: httpx.Client, role: str) -> str:
    account = admin.post("/accounts", json={"name": f"schema {role}", "password": PASSWORD, "role": role}).json()
    return str(admin.post(f"/accounts/{account['id']}/tokens", json={"name": "schema"}).json()["secret"])


@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", ROLES)
def test_no_request_gets_an_answer_that_the_document_does_not_name(
    service: tuple[str, Mapping[str, str]], role: str, tmp_path: Path
) -> None:
    address, tokens = service
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION)
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(configuration)),
            *("run", f"{address}/api/v1/openapi.json"),
            *("--header", f"Authorization: Bearer {tokens[role]}"),
            *("--checks", ",".join(CHECKS), "--max-time", SECONDS, "--seed", "17", "--continue-on-failure"),
            *(part for name in LEFT_OUT for part in ("--exclude-operation-id", name)),
            *("--request-timeout", "60", "--warnings", "off", "--no-shrink"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:]
