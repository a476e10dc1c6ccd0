import pytest

from ingest.rehearsal.errors import RehearsalError
from ingest.rehearsal.server.trouble import Protocol, Trouble, described


def test_no_query_is_no_trouble() -> None:
    assert Trouble.of("rtsp://127.0.0.1:8554/lobby", Protocol.RTSP) == Trouble()
    assert Trouble.of("/mjpg", Protocol.HTTP) == Trouble()


def test_every_name_is_read() -> None:
    asked = Trouble.of(
        "rtsp://h/x?slow=2&loss=0.01&loseframe=7&udponly=1&auth=both&qop=1&ts=wrap&seq=65500&timeout=10&seed=3",
        Protocol.RTSP,
    )
    assert asked == Trouble(
        slow=2.0,
        loss=0.01,
        loseframe=7,
        udponly=True,
        auth="both",
        qop=True,
        ts="wrap",
        seq=65500,
        timeout=10,
        seed=3,
    )
    assert Trouble.of("/mjpg?v=trailer&redirect=http%3A%2F%2F127.0.0.2%3A80%2Fx%3Fa%3D1", Protocol.HTTP) == Trouble(
        v="trailer", redirect="http://127.0.0.2:80/x?a=1"
    )


@pytest.mark.parametrize(
    ("query", "protocol", "text"),
    [
        ("typo=1", Protocol.RTSP, "'typo'"),
        ("v=lf", Protocol.RTSP, "'v'"),
        ("loss=0.1", Protocol.HTTP, "'loss'"),
        ("slow=1&slow=2", Protocol.HTTP, "'slow'"),
        ("loss=2", Protocol.RTSP, "from 0 to 1"),
        ("loss=nan", Protocol.RTSP, "from 0 to 1"),
        ("slow=soon", Protocol.RTSP, "from 0 to 3600"),
        ("qop=0", Protocol.RTSP, "1 is expected"),
        ("qop=", Protocol.RTSP, "1 is expected"),
        ("loseframe=0", Protocol.RTSP, "whole number"),
        ("loseframe=٣", Protocol.RTSP, "whole number"),
        ("status=200", Protocol.RTSP, "from 300 to 599"),
        ("auth=ntlm", Protocol.HTTP, "basic or md5 or sha256 or both"),
        ("ts=late", Protocol.RTSP, "jitter or"),
        ("redirect=elsewhere", Protocol.HTTP, "scheme and host"),
        ("redirect=http://h/%0d%0aSet-Cookie:x", Protocol.HTTP, "scheme and host"),
    ],
)
def test_anything_else_is_refused_with_a_remedy(query: str, protocol: Protocol, text: str) -> None:
    with pytest.raises(RehearsalError) as caught:
        Trouble.of(f"/x?{query}", protocol)
    assert text in str(caught.value)


def test_the_help_names_what_a_server_does() -> None:
    assert "  loss=" in described(Protocol.RTSP) and "  v=" not in described(Protocol.RTSP)
    assert "  v=" in described(Protocol.HTTP) and "  loss=" not in described(Protocol.HTTP)
