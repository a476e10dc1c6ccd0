"""Logins against the examples of the standards, and what is sent when."""

import base64
import re
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.camera.camera import Credentials
from ingest.relay.authentication import Authentication
from ingest.relay.challenge import read_challenges

MUFASA = Credentials(username="Mufasa", password="Circle of Life")
RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
PLAIN = 'Digest realm="cam", nonce="abc"'


def fields(header: str | None) -> dict[str, str]:
    assert header is not None
    return {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', header)}


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616(monkeypatch: pytest.MonkeyPatch, algorithm: str, response: str) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda size: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    login = Authentication(MUFASA)
    assert login.challenged([RFC_7616.format(algorithm)])
    sent = fields(login.header("GET", "/dir/index.html"))
    assert (sent["response"], sent["nc"], sent["qop"]) == (response, "00000001", "auth")
    assert sent["opaque"] == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
    assert fields(login.header("GET", "/dir/index.html"))["nc"] == "00000002"


def test_the_example_of_rfc_7617() -> None:
    login = Authentication(Credentials(username="Aladdin", password="open sesame"))
    assert login.challenged(['Basic realm="WallyWorld"'])
    assert login.header("GET", "/") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


def test_without_a_quality_of_protection_as_rfc_2069_has_it() -> None:
    import hashlib

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    login = Authentication(Credentials(username="admin", password="pässword"))
    assert login.challenged([PLAIN])
    sent = fields(login.header("DESCRIBE", "rtsp://10.0.0.5:554/x"))
    assert sent["response"] == md5(f"{md5('admin:cam:pässword')}:abc:{md5('DESCRIBE:rtsp://10.0.0.5:554/x')}")
    assert not {"qop", "nc", "cnonce", "algorithm"} & set(sent)


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        (['Basic realm="x"', PLAIN, 'Digest realm="x", nonce="n", algorithm=SHA-256'], "SHA-256"),
        (['Basic realm="x", Digest realm="x", nonce="n", algorithm=MD5'], "MD5"),
        (['Digest realm="x", nonce="n", algorithm=SHA-512-256, Basic realm="x"'], "Basic"),
        (['Digest realm="x", nonce="n", qop="auth-int", Basic realm="x"'], "Basic"),
        (['Digest realm="x", nonce="n", algorithm="MD5-sess", qop="auth"'], "MD5-sess"),
    ],
)
def test_the_strongest_known_way_is_taken(offered: list[str], taken: str) -> None:
    login = Authentication(MUFASA)
    assert login.challenged(offered)
    header = login.header("GET", "/")
    assert header is not None
    assert taken == "Basic" if header.startswith("Basic") else fields(header)["algorithm"] == taken


def test_no_login_before_it_is_asked_for_and_none_again_after_it_was_refused() -> None:
    login = Authentication(MUFASA)
    assert login.header("GET", "/") is None and not login.given
    assert login.challenged([PLAIN]) and login.given
    assert not login.challenged([PLAIN]), "the same login would be refused again"


def test_an_old_nonce_is_no_wrong_password() -> None:
    stale, proven = Authentication(MUFASA), Authentication(MUFASA)
    assert stale.challenged([PLAIN]) and stale.challenged([PLAIN + ', stale="TRUE"'])
    assert not stale.challenged([PLAIN + ", stale=true"]), "a camera that says so for ever gets the login twice"
    assert proven.challenged([PLAIN])
    proven.succeeded()
    assert proven.challenged(['Digest realm="cam", nonce="new"']), "it was right a moment ago"
    assert fields(proven.header("GET", "/"))["nonce"] == "new"
    assert not proven.challenged(['Digest realm="cam", nonce="newer"'])


@pytest.mark.parametrize("offered", [[], ["Negotiate"], ["Bearer realm=x"], ['Digest realm="no nonce"'], ['"=,;']])
def test_ways_that_are_not_known_are_not_tried(offered: list[str]) -> None:
    assert not Authentication(MUFASA).challenged(offered)


def test_without_credentials_nothing_is_sent() -> None:
    login = Authentication(None)
    assert not login.challenged([PLAIN]) and login.header("GET", "/") is None


@given(st.lists(st.text(max_size=200), max_size=3))
def test_any_header_is_read_without_a_fault(headers: list[str]) -> None:
    for challenge in read_challenges(headers):
        assert challenge.scheme == challenge.scheme.lower()


@given(name=st.text(min_size=1, max_size=20), word=st.text(max_size=20), realm=st.text('ab\\" ', max_size=8))
def test_no_login_breaks_out_of_its_header(name: str, word: str, realm: str) -> None:
    login = Authentication(Credentials(username=name, password=word))
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    assert login.challenged([f'Digest realm="{quoted}", nonce="n"'])
    (back,) = read_challenges([login.header("GET", "/") or ""])
    assert back.parameters["realm"] == realm and back.parameters["nonce"] == "n"


def test_basic_is_utf_8() -> None:
    login = Authentication(Credentials(username="ü", password="ß:"))
    login.challenged(["Basic"])
    assert base64.b64decode((login.header("GET", "/") or "").removeprefix("Basic ")).decode() == "ü:ß:"
