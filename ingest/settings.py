"""A site's settings for its cameras: environment variables with the prefix CLEARGLASS_; lists are comma-separated."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ingest.camera.address import AddressPolicy, Network, PortRange

PRIVATE_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""The networks of cameras at most sites. An administrator must list the network of a camera on the public internet."""

CAMERA_PORTS = ((80, 80), (322, 322), (443, 443), (554, 554), (8080, 8080), (8443, 8443), (8554, 8554))


class IngestSettings(BaseSettings):
    """Settings of this package. Times in seconds."""

    model_config = SettingsConfigDict(env_prefix="CLEARGLASS_", extra="ignore", frozen=True)

    allowed_networks: Annotated[tuple[Network, ...], NoDecode] = tuple(map(ipaddress.ip_network, PRIVATE_NETWORKS))
    """Networks cameras may be in, as CIDR: `192.168.7.0/24,fd00::/8`. Nothing outside them is ever connected to."""

    allowed_ports: Annotated[tuple[PortRange, ...], NoDecode] = CAMERA_PORTS
    """Ports cameras may be on: `554,8554,8000-8100`."""

    allow_loopback: bool = False
    """True if loopback addresses (127.0.0.0/8, ::1) may be cameras: for the demo and for tests."""

    open_seconds: float = Field(default=10.0, gt=0)
    """How long a camera may take from the start of connecting to its stream's first picture."""

    camera_authorities: Path | None = None
    """A PEM file of authorities whose certificates cameras may show (rtsps, https), beside the system's own."""

    stall_seconds: float = Field(default=3.0, gt=0)
    """A stream that sends nothing for this time is closed and opened again."""

    silence_seconds: float = Field(default=10.0, gt=0)
    """A worker process that sends no message for this time is killed and another is started. It sends two a second."""

    startup_seconds: float = Field(default=60.0, gt=0)
    """The longest time until a worker process's first message: it loads its models in that time."""

    backoff_first_seconds: float = Field(default=0.5, gt=0)
    """The longest wait before the first retry; it doubles with each further one."""

    backoff_cap_seconds: float = Field(default=4.0, gt=0)
    """The longest wait between two attempts. A camera that answers immediately is back within ten seconds after its
    loss."""

    passage_gap_seconds: float = Field(default=1.5, gt=0)
    """A person who is out of sight for this time has left: the passage has ended."""

    search_again_seconds: float = Field(default=5.0, gt=0)
    """An unmatched passage that is still in view is searched for again after this time."""

    confirm_again_seconds: float = Field(default=20.0, gt=0)
    """A matched passage that is still in view is searched for again after this time, so that a name is never shown with
    another face."""

    alert_again_seconds: float = Field(default=60.0, ge=0)
    """After an alert about a subject the camera raises no other about the same subject for this time. Every search is
    logged."""

    better_by: float = Field(default=0.15, gt=0, le=1)
    """An unmatched passage is searched for again immediately when its quality score has grown by this amount."""

    view_width: int = Field(default=640, ge=64, le=640)
    """Width of live views in pixels."""

    view_fps: float = Field(default=5.0, gt=0)
    """Live views a second, while there are viewers."""

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
        """The policy for camera addresses that these settings define."""
        return AddressPolicy(networks=self.allowed_networks, ports=self.allowed_ports, loopback=self.allow_loopback)


def _port_range(text: str) -> PortRange:
    found = re.fullmatch(r"(\d{1,5})(?:\s*-\s*(\d{1,5}))?", text, re.ASCII)
    if found is None:
        raise ValueError(f"{text!r} is neither a port nor a range of ports such as 8000-8100")
    return int(found[1]), int(found[2] or found[1])
