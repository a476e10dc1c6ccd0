"""A log as its service serves it (C2SP tlog-tiles over HTTP), for checks from outside."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import httpx

from matcher.tlog.errors import ServedLogError, TileUnknownError
from matcher.tlog.tile import Tile

_MOST_BYTES = 256 * (2 + 65_535)
"""The most bytes of an answer: a bundle of the longest entries."""

_SECONDS = 30.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_TRIES = 5
_LONGEST_PAUSE = 60.0
"""Seconds to wait after the server answered that the rate of requests is too high."""


class ServedLog:
    """A Publication at an address."""

    def __init__(self, client: httpx.Client) -> None:
        """client: with the log's address. Use `served_log`."""
        self._client = client

    def checkpoint(self) -> str:
        """See Publication. Raises ServedLogError."""
        return self._get("checkpoint").decode(errors="replace")

    def read(self, tile: Tile) -> bytes:
        """See Publication. Raises ServedLogError."""
        return self._get(tile.path)

    def _get(self, path: str) -> bytes:
        for _ in range(_TRIES):
            try:
                with self._client.stream("GET", path) as answer:
                    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                        time.sleep(_pause(answer))
                        continue
                    return self._body(path, answer)
            except httpx.HTTPError as error:
                raise ServedLogError(
                    f"{self._client.base_url} cannot be read: {error or type(error).__name__}"
                ) from error
        raise ServedLogError(f"{self._client.base_url} was asked too often")

    def _body(self, path: str, answer: httpx.Response) -> bytes:
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise TileUnknownError(path)
        if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise ServedLogError(f"{answer.url} is not shown to everybody", remedy="Give a --token of an auditor's.")
        if answer.status_code != HTTPStatus.OK:
            raise ServedLogError(f"{answer.url} answered with status {answer.status_code}")
        body = bytearray()
        for part in answer.iter_bytes():
            body += part
            if len(body) > _MOST_BYTES:
                raise ServedLogError(f"{answer.url} is longer than anything in a log may be")
        return bytes(body)


@contextmanager
def served_log(address: str, token: str | None = None) -> Iterator[ServedLog]:
    """The log at this address, to which `/checkpoint` is added; a path of `/log` is what a Clearglass has.

    token: of somebody who may read entries. Raises ServedLogError where it would travel in the clear.
    """
    url = httpx.URL(address if address.endswith("/") else f"{address}/")
    if token is not None and url.scheme != "https" and url.host not in _LOOPBACK:
        raise ServedLogError(
            f"The token would travel to {url.host} in the clear", remedy="Use the log's https address."
        )
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    loopback = url.host in _LOOPBACK
    # An address on this machine is asked directly, not by a proxy, which would see the token.
    with httpx.Client(base_url=url, headers=headers, timeout=_SECONDS, trust_env=not loopback) as client:
        yield ServedLog(client)


def _pause(answer: httpx.Response) -> float:
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked), _LONGEST_PAUSE) if asked.isdecimal() else 1.0
