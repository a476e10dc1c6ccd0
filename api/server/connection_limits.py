"""Limits of the connections of one client, and of the time for a request."""

from dataclasses import dataclass
from typing import Self

from api.proxies import Proxies
from api.settings import ApiSettings


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """head_seconds: until a request's head must be whole. body_seconds: in each interval of this length
    `body_bytes_per_second` must arrive on average. answer_seconds: in each interval of this length the client must read
    some of a waiting answer. connections: in total; connections_per_client: of one address, or one /64 network of IPv6.
    proxies: their connections serve many clients, and count in total only.
    """

    head_seconds: float
    body_seconds: float
    body_bytes_per_second: int
    answer_seconds: float
    connections: int
    connections_per_client: int
    proxies: Proxies

    @classmethod
    def of(cls, settings: ApiSettings) -> Self:
        """From an installation's settings."""
        return cls(
            head_seconds=settings.head_seconds,
            body_seconds=settings.body_seconds,
            body_bytes_per_second=settings.body_bytes_per_second,
            answer_seconds=settings.answer_seconds,
            connections=settings.connections,
            connections_per_client=settings.connections_per_client,
            proxies=Proxies.parse(settings.trusted_proxies),
        )
