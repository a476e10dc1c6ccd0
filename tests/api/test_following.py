"""A part of the service that does not follow the gallery: what is committed counts, and everybody can see what lags."""

from typing import Any

import pytest

from api.permission import Role
from ingest.supervision.supervisor import Supervisor


def test_cameras_that_do_not_follow_are_named_and_catch_up(
    site: Any, astronaut_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no room")

    def missing() -> str:
        lines = site.as_role(Role.AUDITOR, "GET", f"{site.address}/metrics").text.splitlines()
        return next(
            str(line) for line in lines if line.startswith('clearglass_follower_missing_changes{follower="cameras"}')
        )

    def troubles() -> list[str]:
        health = site.as_role(None, "GET", "/health")
        assert (health.status_code, health.json()["status"]) == (200, "ok"), "searches are made all the same"
        return [trouble["message"] for trouble in health.json()["troubles"] if trouble["code"] == "followers_behind"]

    forgotten: list[str] = []
    monkeypatch.setattr(site.service.supervisor, "forget", forgotten.append)
    first, second = site.enrol(astronaut_jpeg), None
    assert troubles() == [] and missing().endswith(" 0.0")
    with monkeypatch.context() as patch:
        patch.setattr(Supervisor, "apply", fails)
        assert site.as_role(Role.OPERATOR, "DELETE", f"/subjects/{first}").status_code == 204
        assert site.as_role(Role.OPERATOR, "GET", "/subjects").json() == []
        assert troubles() == ["A change of the gallery is kept, and does not show everywhere yet: cameras."]
        assert missing().endswith(" 1.0") and forgotten == []
    second = site.enrol(astronaut_jpeg)
    assert second != first and forgotten == [first]
    assert troubles() == [] and missing().endswith(" 0.0")
