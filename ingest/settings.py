"""What a site may set for its cameras. Environment variables with the prefix CLEARGLASS_; lists are comma-separated."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ingest.camera.address import AddressPolicy, Network, PortRange

PRIVATE_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""Where cameras stand at most sites. A camera on the public internet has to be listed by whoever runs the site."""

CAMERA_PORTS = ((80, 80), (322, 322), (443, 443), (554, 554), (8080, 8080), (8443, 8443), (8554, 8554))


class IngestSettings(BaseSettings):
    """Settings of the cameras' side of the house. Times in seconds."""

    model_config = SettingsConfigDict(env_prefix="CLEARGLASS_", extra="ignore", frozen=True)

    allowed_networks: Annotated[tuple[Network, ...], NoDecode] = tuple(map(ipaddress.ip_network, PRIVATE_NETWORKS))
    """Networks cameras may be in, as CIDR: `192.168.7.0/24,fd00::/8`. Nothing outside them is ever connected to."""

    allowed_ports: Annotated[tuple[PortRange, ...], NoDecode] = CAMERA_PORTS
    """Ports cameras may be on: `554,8554,8000-8100`."""

    allow_loopback: bool = False
    """Whether loopback addresses (127.0.0.0/8, ::1) may be cameras: for the demo and for tests."""

    open_seconds: float = Field(default=10.0, gt=0)
    """How long a camera may take from the start of connecting to its stream's first picture."""

    camera_authorities: Path | None = None
    """A PEM file of authorities whose certificates cameras may show (rtsps, https), beside the system's own."""

    stall_seconds: float = Field(default=3.0, gt=0)
    """A stream that sends nothing for so long is given up and opened anew."""

    silence_seconds: float = Field(default=10.0, gt=0)
    """A worker process that says nothing for so long is killed and started anew. It speaks twice a second."""

    startup_seconds: float = Field(default=60.0, gt=0)
    """A worker process may take so long until it first says something: it loads its models in that time."""

    backoff_first_seconds: float = Field(default=0.5, gt=0)
    """The longest wait before the first new attempt; it doubles with each further one."""

    backoff_cap_seconds: float = Field(default=4.0, gt=0)
    """The longest wait between two attempts. A camera that answers at once is back within ten seconds of its loss."""

    passage_gap_seconds: float = Field(default=1.5, gt=0)
    """A person out of sight for so long has left: the passage is over."""

    search_again_seconds: float = Field(default=5.0, gt=0)
    """An unmatched passage still in view is searched for again after so long."""

    confirm_again_seconds: float = Field(default=20.0, gt=0)
    """A matched passage still in view is searched for again after so long, so that a name never outlives its face."""

    alert_again_seconds: float = Field(default=60.0, ge=0)
    """Somebody a camera raised an alert about raises no further one there for so long. Every search is logged."""

    better_by: float = Field(default=0.15, gt=0, le=1)
    """An unmatched passage is searched for again at once when its quality score has grown by so much."""

    view_width: int = Field(default=640, ge=64, le=640)
    """Width of live views in pixels."""

    view_fps: float = Field(default=5.0, gt=0)
    """Live views a second, while somebody looks."""

    @field_validator("allowed_networks", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("allowed_ports", mode="before")
    @classmethod
    def _ports(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return [_port_range(part.strip()) for part in value.split(",") if part.strip()]

    @field_validator("allowed_ports")
    @classmethod
    def _possible(cls, value: tuple[PortRange, ...]) -> tuple[PortRange, ...]:
        for first, last in value:
            if not 1 <= first <= last <= 65535:
                raise ValueError(f"{first}-{last} is no range of ports: it must go up, from 1 to 65535 at most")
        return value

    def address_policy(self) -> AddressPolicy:
        """The rules for camera addresses that these settings amount to."""
        return AddressPolicy(networks=self.allowed_networks, ports=self.allowed_ports, loopback=self.allow_loopback)


def _port_range(text: str) -> PortRange:
    found = re.fullmatch(r"(\d{1,5})(?:\s*-\s*(\d{1,5}))?", text, re.ASCII)
    if found is None:
        raise ValueError(f"{text!r} is neither a port nor a range of ports such as 8000-8100")
    return int(found[1]), int(found[2] or found[1])
