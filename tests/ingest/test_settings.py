import ipaddress

import pytest
from pydantic import ValidationError

from ingest.settings import IngestSettings


def test_lists_come_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEARGLASS_ALLOWED_NETWORKS", "192.168.7.0/24, fd00::/8")
    monkeypatch.setenv("CLEARGLASS_ALLOWED_PORTS", "554, 8000-8100")
    settings = IngestSettings()
    assert settings.allowed_networks == (ipaddress.ip_network("192.168.7.0/24"), ipaddress.ip_network("fd00::/8"))
    assert settings.allowed_ports == ((554, 554), (8000, 8100))


def test_loopback_is_closed_by_default() -> None:
    policy = IngestSettings().address_policy()
    assert not policy.allows(ipaddress.ip_address("127.0.0.1"))
    assert not policy.allows(ipaddress.ip_address("8.8.8.8"))
    assert policy.allows(ipaddress.ip_address("192.168.1.2"))


@pytest.mark.parametrize("value", ["10.0.0.1/8", "camera", "10.0.0.0/99"])
def test_networks_that_are_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CLEARGLASS_ALLOWED_NETWORKS", value)
    with pytest.raises(ValidationError):
        IngestSettings()


def test_a_camera_is_back_within_ten_seconds_by_these_times() -> None:
    """From its loss, of a camera that answers at once again: `open_seconds` is for one that is slow."""
    settings = IngestSettings()
    key_frame = 2.0
    assert settings.stall_seconds + settings.backoff_cap_seconds + key_frame < 10


@pytest.mark.parametrize("value", ["8100-8000", "0", "554,70000", "1-65536", "rtsp", "554-", "-5", "1-2-3"])
def test_ports_that_are_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CLEARGLASS_ALLOWED_PORTS", value)
    with pytest.raises(ValidationError, match="range of ports"):
        IngestSettings()
