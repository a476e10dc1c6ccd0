import base64
import hashlib
import re
from typing import Any

import pytest

from ingest.rehearsal.server.guard import Guard

LOGIN = ("admin", "p@ss:w/örd")
URI = "/snap.jpg?x=1"


def guard(scheme: str = "", *, qop: bool = False, stale: bool = False) -> Guard:
    return Guard(LOGIN, scheme=scheme, qop=qop, stale=stale)


def ask(door: Guard, authorization: str = "", uri: str = URI) -> list[str] | None:
    return door.refusal(authorization, method="GET", uri=uri)


def asked(door: Guard, authorization: str = "") -> list[str]:
    challenges = ask(door, authorization)
    assert challenges is not None
    return challenges


def answer(challenge: str, *, login: tuple[str, str] = LOGIN, uri: str = URI, count: int = 1, **changes: str) -> str:
    """RFC 7616, 3.4.1, written for this test."""
    fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    hashed: Any = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[fields["algorithm"]]

    def digest(text: str) -> str:
        return str(hashed(text.encode()).hexdigest())

    owner, request = digest(f"{login[0]}:{fields['realm']}:{login[1]}"), digest(f"GET:{uri}")
    given = {"username": login[0], "realm": fields["realm"], "nonce": fields["nonce"], "uri": uri}
    given |= {"opaque": fields["opaque"], "algorithm": fields["algorithm"]}
    middle = fields["nonce"]
    if "qop" in fields:
        given |= {"cnonce": "c1", "nc": f"{count:08x}", "qop": "auth"}
        middle += f":{given['nc']}:c1:auth"
    given["response"] = digest(f"{owner}:{middle}:{request}")
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in (given | changes).items())


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"{LOGIN[0]}:{password}".encode()).decode()


@pytest.mark.parametrize("qop", [False, True])
@pytest.mark.parametrize("scheme", ["", "md5", "sha256"])
def test_digest(scheme: str, qop: bool) -> None:
    door = guard(scheme, qop=qop)
    [challenge] = asked(door)
    assert ("SHA-256" in challenge) == (scheme == "sha256")
    right = answer(challenge)
    wrong = [
        answer(challenge, login=("admin", "other")),
        answer(challenge, login=("other", LOGIN[1])),
        answer(challenge, nonce="0" * 32),
        answer(challenge, opaque="other"),
        answer(challenge, uri="/elsewhere"),
        answer(challenge, realm="other"),
        basic(LOGIN[1]),
        "Digest",
        "Digest é",
    ]
    assert all(ask(door, header) for header in wrong)
    assert ask(door, right) is None


def test_basic() -> None:
    door = guard("basic")
    assert asked(door) == ['Basic realm="rehearsal"']
    assert ask(door, basic("wrong")) and ask(door, "Basic %%%") and ask(door, "Basic")
    assert ask(door, basic(LOGIN[1])) is None


def test_both_takes_each_of_three() -> None:
    door = guard("both")
    plain, md5, sha256 = asked(door)
    assert plain.startswith("Basic") and "algorithm=MD5" in md5 and "algorithm=SHA-256" in sha256
    for header in (basic(LOGIN[1]), answer(md5), answer(sha256)):
        assert ask(door, header) is None


def test_a_nonce_count_comes_once() -> None:
    door = guard(qop=True)
    [challenge] = asked(door)
    assert ask(door, answer(challenge, count=1)) is None
    assert ask(door, answer(challenge, count=1)) is not None
    assert ask(door, answer(challenge, count=2)) is None


def test_the_first_nonce_is_stale_once() -> None:
    door = guard(stale=True)
    [first] = asked(door)
    assert "stale" not in first
    [second] = asked(door, answer(first))
    assert "stale=true" in second
    assert asked(door, answer(first))
    assert ask(door, answer(second)) is None
