import ipaddress
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.camera.address import (
    AddressPolicy,
    CameraAddressInvalidError,
    CameraAddressRefusedError,
    Location,
    check_login,
    parse_address,
    split_address,
)
from ingest.camera.camera import Credentials
from matcher.errors import ClearglassError

PRIVATE = AddressPolicy(
    networks=tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "192.168.0.0/16", "fc00::/7"))),
    ports=((554, 554), (80, 80)),
)
EVERYWHERE = AddressPolicy(networks=tuple(map(ipaddress.ip_network, ("0.0.0.0/0", "::/0"))), ports=((1, 65535),))


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://127.0.0.1/x",
        "rtsp://127.1.2.3/x",
        "rtsp://[::1]/x",
        "rtsp://0.0.0.0/x",
        "rtsp://[::]/x",
        "rtsp://169.254.169.254/latest",
        "rtsp://169.254.1.1/x",
        "rtsp://[fe80::1]/x",
        "rtsp://[::ffff:127.0.0.1]/x",
        "rtsp://[::ffff:10.0.0.1]/x",
        "rtsp://[2002:7f00:1::]/x",
        "rtsp://[fd00:ec2::254]/x",
        "rtsp://8.8.8.8/x",
        "rtsp://224.0.0.1/x",
        "rtsp://10.0.0.5:22/x",
        "file:///etc/passwd",
        "/etc/passwd",
        "0",
        "/dev/video0",
        "ftp://10.0.0.5/x",
        "gopher://10.0.0.5/x",
        "concat:a|b",
        "tcp://10.0.0.5:554",
        "javascript:alert(1)",
        "",
    ],
)
def test_refused(address: str) -> None:
    with pytest.raises(CameraAddressRefusedError):
        PRIVATE.locate(address)


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://127.0.0.1/x",
        "rtsp://169.254.169.254/x",
        "rtsp://[fe80::1]/x",
        "rtsp://[fd00:ec2::254]/",
        "rtsp://[::1]/",
    ],
)
def test_special_addresses_are_refused_even_where_every_network_is_listed(address: str) -> None:
    with pytest.raises(CameraAddressRefusedError):
        EVERYWHERE.locate(address)


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://2130706433/x",
        "rtsp://0x7f000001/x",
        "rtsp://0177.0.0.1/x",
        "rtsp://127.1/x",
        "rtsp:///x",
        "rtsp://10.0.0.5:0/x",
        "rtsp://10.0.0.5:99999/x",
        "rtsp://10.0.0.5:5a/x",
        "rtsp://[::1/x",
        "rtsp://[fe80::1%25eth0]/x",
        "rtsp://10.0.0.5/a b",
        "rtsp://10.0.0.5\\@evil/x",
        "rtsp://10.0.0.5/\r\nX: y",
        "rtsp://-bad-/x",
        "rtsp://10.0.0.5@10.0.0.6/x",
    ],
)
def test_invalid(address: str) -> None:
    with pytest.raises(CameraAddressInvalidError):
        PRIVATE.locate(address)


def test_private_cameras_are_allowed_and_keep_path_and_query() -> None:
    location = PRIVATE.locate("rtsp://192.168.1.20/Streaming/Channels/101?transport=tcp")
    assert location.address == parse_address("rtsp://192.168.1.20:554/Streaming/Channels/101?transport=tcp")
    assert location.address.path == "/Streaming/Channels/101?transport=tcp"
    six = PRIVATE.locate("http://[fd12::7]/mjpeg")
    assert (str(six.address), six.ip) == ("http://[fd12::7]:80", ipaddress.ip_address("fd12::7"))


def test_listed_link_local_and_loopback_networks_are_allowed() -> None:
    policy = AddressPolicy(networks=(ipaddress.ip_network("169.254.0.0/16"),), ports=((554, 554),), loopback=True)
    assert policy.locate("rtsp://169.254.7.7/x").ip == ipaddress.ip_address("169.254.7.7")
    assert policy.locate("rtsp://127.0.0.1/x").ip == ipaddress.ip_address("127.0.0.1")
    with pytest.raises(CameraAddressRefusedError):
        policy.locate("rtsp://169.254.169.254/x")


def test_a_name_is_resolved_once_and_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["10.0.0.7", "127.0.0.1"])

    def rebind(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    location = PRIVATE.locate("rtsp://camera.example/x")
    assert location.ip == ipaddress.ip_address("10.0.0.7")
    with pytest.raises(CameraAddressRefusedError):
        PRIVATE.locate("rtsp://camera.example/x")


def test_one_forbidden_answer_of_several_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 554)) for ip in ("10.0.0.7", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(CameraAddressRefusedError):
        PRIVATE.locate("rtsp://camera.example/x")


def test_a_name_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(CameraAddressInvalidError):
        PRIVATE.locate("rtsp://camera.example/x")


def test_files_only_where_they_are_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "a clip.mp4"
    file.touch()
    assert PRIVATE.locate(str(file), local=True) == Location(address=None, path=file.resolve())
    assert PRIVATE.locate(f"file://{tmp_path}/a%20clip.mp4", local=True).path == file.resolve()
    with pytest.raises(CameraAddressInvalidError):
        PRIVATE.locate(str(tmp_path / "none.mp4"), local=True)


@pytest.mark.parametrize(
    ("text", "address", "username", "password"),
    [
        ("rtsp://admin:secret@10.0.0.5/x", "rtsp://10.0.0.5/x", "admin", "secret"),
        ("rtsp://admin:se@c/r#t?!@10.0.0.5/x", "rtsp://10.0.0.5/x", "admin", "se@c/r#t?!"),
        ("rtsp://admin:a%21b%40@10.0.0.5/x", "rtsp://10.0.0.5/x", "admin", "a!b@"),
        ("rtsp://admin@10.0.0.5/x", "rtsp://10.0.0.5/x", "admin", ""),
        ("http://a:b:c@h/x", "http://h/x", "a", "b:c"),
        (
            "rtsp://admin:se@cret@10.0.0.5:554/user=a&password=p@ss",
            "rtsp://10.0.0.5:554/user=a&password=p@ss",
            "admin",
            "se@cret",
        ),
        ("rtsp://u:p@cam.example:554/live@main.sdp", "rtsp://cam.example:554/live@main.sdp", "u", "p"),
        ("rtsp://admin:x@[fd00::5]/p@ss", "rtsp://[fd00::5]/p@ss", "admin", "x"),
    ],
)
def test_a_pasted_login_is_taken_out(text: str, address: str, username: str, password: str) -> None:
    assert split_address(text) == (address, Credentials(username=username, password=password))


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://10.0.0.5/x",
        "/srv/a@b.mp4",
        "rtsp://10.0.0.5/user=admin&password=p@ss&channel=1",
        "rtsp://10.0.0.5:554/user=admin&password=p@ss",
        "rtsp://[fd00::5]:554/p@ss",
        "http://camera/p@ss",
        "rtsp://cam.example:554/live@main.sdp",
    ],
)
def test_an_address_without_login_stays_also_with_an_at_in_its_path(address: str) -> None:
    assert split_address(address) == (address, None)


def test_an_at_in_a_path_is_part_of_the_path() -> None:
    assert parse_address("rtsp://10.0.0.5/user=admin&password=p@ss").path == "/user=admin&password=p@ss"


@pytest.mark.parametrize("credentials", [("a:b", "c"), ("", "c"), ("a\r\nX: y", "c"), ("a", "b\n")])
def test_logins_that_no_header_can_carry_are_refused(credentials: tuple[str, str]) -> None:
    with pytest.raises(CameraAddressInvalidError):
        check_login(Credentials(username=credentials[0], password=credentials[1]))


def test_a_login_may_be_long() -> None:
    check_login(Credentials(username="ü" * 100, password="ß" * 200))


CANARY = "canary7531"


@given(
    prefix=st.sampled_from(["rtsp://", "RTSP://", "http://", "file://", "", "ftp://", "rtsp:/", "rtsp:"]),
    noise=st.text(st.sampled_from("@:/#?%\\[] \r\n!.5"), max_size=6),
    more=st.text(st.sampled_from("@:/#?%\\[] \r\n!.5"), max_size=6),
)
def test_no_error_repeats_a_password(prefix: str, noise: str, more: str) -> None:
    pasted = f"{prefix}admin:{noise}{CANARY}{more}@10.0.0.5:22/x"
    place, credentials = split_address(pasted)
    assert CANARY not in repr(credentials)
    try:
        PRIVATE.locate(place, local=True)
    except ClearglassError as error:
        assert CANARY not in f"{error} {error!r} {error.__cause__!r} {error.__context__!r}"
    else:
        pytest.fail("port 22 is not on the list")


@pytest.mark.slow
@given(path=st.from_regex(r"[a-z0-9/?=&._-]{0,20}", fullmatch=True), port=st.integers(1, 65535))
def test_what_is_parsed_is_what_was_written(path: str, port: int) -> None:
    parsed = parse_address(f"rtsp://cam-1.site.example:{port}/{path}")
    assert (parsed.host, parsed.port, parsed.path) == ("cam-1.site.example", port, f"/{path}")
