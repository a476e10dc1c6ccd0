"""The trusted proxies in front of the service, whose X-Forwarded-For is used."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Self

EVERY = "*"


@dataclass(frozen=True)
class Proxies:
    """Addresses and networks of proxies. every: every client counts as a proxy."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    every: bool = False

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """From addresses and networks by comma, or `*`. Raises: ValueError."""
        names = [name.strip() for name in (text or "").split(",") if name.strip()]
        if names == [EVERY]:
            return cls(every=True)
        return cls(tuple(ip_network(name) for name in names))

    def __contains__(self, address: str) -> bool:
        """True if a proxy has this address."""
        if self.every:
            return True
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.networks)
