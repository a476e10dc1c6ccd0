"""The kinds of trouble that a rehearsal's server makes, chosen in the query of the address.

`rtsp://127.0.0.1:8554/lobby?slow=2&loss=0.01` is a camera that needs two seconds for DESCRIBE and loses one RTP packet
of a hundred.
"""

from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from ingest.rehearsal.errors import RehearsalError

SCHEMES = ("basic", "md5", "sha256", "both")
"""Ways of asking for a login (RFC 7617, RFC 7616); `both` offers all three."""

TIME_STAMPS = ("jitter", "vfr", "backoften", "pull20", "leap", "wrap", "zero", "back", "far", "farpast", "clock1000")
"""What `clock.Clock` does to RTP time stamps."""

VARIANTS = (
    *("good", "dashes", "quoted", "nolength", "wronglength", "lf"),
    *("extra", "nocrlf", "wrongtype", "wronghead", "blankfirst", "trailer", "nestedthumb"),
)
"""Ways in which cameras write MJPEG; see `motion_jpeg.MotionJpeg`."""


class Protocol(StrEnum):
    """The protocol of a server: some kinds of trouble exist in one protocol only."""

    RTSP = "RTSP"
    HTTP = "HTTP"


def _seconds(text: str) -> float:
    return _number(text, 0.0, 3600.0)


def _share(text: str) -> float:
    return _number(text, 0.0, 1.0)


def _whole(least: int, greatest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= greatest):
            raise ValueError(f"a whole number from {least} to {greatest} is expected")
        return int(text)

    return read


def _number(text: str, least: float, greatest: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= greatest:
        raise ValueError(f"a number from {least:g} to {greatest:g} is expected")
    return value


def _flag(text: str) -> bool:
    return bool(_choice("1")(text))


def _choice(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"{' or '.join(allowed)} is expected")
        return text

    return read


def _name(text: str) -> str:
    if not text:
        raise ValueError("a name is expected")
    return text


def _url(text: str) -> str:
    if not urlsplit(text).netloc or not text.isprintable():
        raise ValueError("an address with scheme and host is expected")
    return text


def _trouble(default: Any, read: Callable[[str], Any], words: str, *, only: Protocol | None = None) -> Any:
    return field(default=default, metadata={"read": read, "words": words, "only": only})


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """The trouble for one viewer. Each field is a name of the query; its default is no trouble."""

    slow: float = _trouble(0.0, _seconds, "SECONDS before DESCRIBE or GET is answered")
    silent: str = _trouble("", _choice("1", "describe"), "1: no request is answered; describe: DESCRIBE (GET) is not")
    status: int = _trouble(0, _whole(300, 599), "CODE that answers DESCRIBE or GET, after the right login")
    redirect: str = _trouble("", _url, "URL that DESCRIBE or GET is sent on to, with 302")
    redirect_after: str = _trouble("", _choice("login"), "login: only viewers that have logged in are redirected")
    auth: str = _trouble("", _choice(*SCHEMES), f"how the login is asked for: {', '.join(SCHEMES)} (else md5)")
    qop: bool = _trouble(False, _flag, "1: Digest with qop=auth (RFC 7616)")
    stale: bool = _trouble(False, _flag, "1: the first nonce is refused once, with stale=true")
    die: float = _trouble(0.0, _seconds, "SECONDS of stream until the connection closes")
    stall: float = _trouble(0.0, _seconds, "SECONDS of stream until nothing more is sent on the open connection")
    seed: int = _trouble(0, _whole(0, 2**31), "of everything that is left to chance")
    loss: float = _trouble(0.0, _share, "SHARE (0 to 1) of RTP packets left out after numbering", only=Protocol.RTSP)
    loseframe: int = _trouble(
        0, _whole(1, 10**6), "N: every N-th frame is left out after numbering", only=Protocol.RTSP
    )
    udponly: bool = _trouble(False, _flag, "1: SETUP over TCP is answered with 461", only=Protocol.RTSP)
    ts: str = _trouble("", _choice(*TIME_STAMPS), f"RTP time stamps: {', '.join(TIME_STAMPS)}", only=Protocol.RTSP)
    seq: int = _trouble(1, _whole(0, 2**16 - 1), "the first RTP sequence number", only=Protocol.RTSP)
    sdp: str = _trouble(
        "",
        _choice("absolute", "bare"),
        "absolute: control addresses name another host; bare: no parameter sets",
        only=Protocol.RTSP,
    )
    start: float = _trouble(
        0.0, _seconds, "SECONDS of the film that are over when PLAY comes, key frame or not", only=Protocol.RTSP
    )
    switch: str = _trouble("", _name, "MOUNT whose film follows this one, in the same stream", only=Protocol.RTSP)
    meta: bool = _trouble(False, _flag, "1: a track of ONVIF metadata before the video", only=Protocol.RTSP)
    second: bool = _trouble(False, _flag, "1: a second video track, after all others", only=Protocol.RTSP)
    timeout: int = _trouble(
        60, _whole(1, 3600), "SECONDS after which a session without a sign of the viewer ends", only=Protocol.RTSP
    )
    garbage: bool = _trouble(False, _flag, "1: nonsense between interleaved frames once a second", only=Protocol.RTSP)
    v: str = _trouble("good", _choice(*VARIANTS), f"MJPEG: {', '.join(VARIANTS)}", only=Protocol.HTTP)
    big: bool = _trouble(False, _flag, "1: JPEGs of 16000×16000 pixels", only=Protocol.HTTP)
    huge_head: bool = _trouble(False, _flag, "1: a response header without end", only=Protocol.HTTP)

    @classmethod
    def of(cls, address: str, protocol: Protocol) -> Self:
        """The trouble that an address's query asks for. RehearsalError: the query holds something else."""
        known = {item.name: item.metadata for item in _made_by(protocol)}
        chosen: dict[str, Any] = {}
        for name, text in parse_qsl(urlsplit(address).query, keep_blank_values=True):
            if name not in known or name in chosen:
                raise RehearsalError(
                    f"The {protocol} server makes no trouble called {name!r}, or the address names it twice.",
                    remedy=f"Use each of these once at most: {', '.join(known)}.",
                )
            try:
                chosen[name] = known[name]["read"](text)
            except ValueError as error:
                raise RehearsalError(
                    f"The trouble {name!r} cannot be {text!r}.", remedy=f"Correct the address: {error}."
                ) from None
        return cls(**chosen)


def described(protocol: Protocol) -> str:
    """One line for each kind of trouble that a server of this protocol makes."""
    return "\n".join(f"  {item.name + '=':<16}{item.metadata['words']}" for item in _made_by(protocol))


def _made_by(protocol: Protocol) -> "list[Field[Any]]":
    return [item for item in fields(Trouble) if item.metadata["only"] in {None, protocol}]
