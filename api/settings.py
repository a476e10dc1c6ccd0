"""The settings of the HTTP service, with defaults for a single machine."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.permission import Role
from api.proxies import Proxies


def _by_comma(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class ApiSettings(BaseSettings):
    """Read from CLEARGLASS_* in the environment.

    secure_cookies: set where TLS ends in front of the service, so that the session's cookie never travels in the clear.
    trusted_proxies: addresses or networks, by comma, of the proxies in front; X-Forwarded-For is used only from these
    addresses. If `trusted_proxies` is not set, it is ignored. metrics_open: /metrics holds no person and is open as
    Prometheus expects; false asks for a token with the `metrics` permission. low_disk_bytes: every page shows a warning
    if the data folder's disk has fewer free bytes than this. session_idle_minutes: a session ends when no person has
    used it for that long; requests that pages send by themselves do not count. second_factor_roles: roles, by comma,
    whose accounts must have a second factor; an account without one sets it up at the next login. device_days: how long
    a device on which an account has logged in is recognised. allowed_hosts: names by comma under which requests are
    answered, beside the loopback names and the address that a request comes in at; a proxy's public name belongs here.
    """

    model_config = SettingsConfigDict(env_prefix="CLEARGLASS_", extra="ignore")

    secure_cookies: bool = False
    trusted_proxies: str | None = None
    allowed_hosts: str = ""
    metrics_open: bool = True
    low_disk_bytes: int = Field(default=2_000_000_000, ge=0)
    session_hours: float = Field(default=12.0, gt=0, le=24 * 30)
    session_idle_minutes: float = Field(default=30.0, gt=0, le=60 * 24 * 30)
    second_factor_roles: Annotated[frozenset[Role], NoDecode, BeforeValidator(_by_comma)] = frozenset()
    device_days: int = Field(default=90, ge=1, le=366)
    token_days: int = Field(default=90, ge=1, le=366)
    login_attempts: int = Field(
        default=8, ge=1, description="Failed logins of one name or address before it must wait."
    )
    login_window_seconds: float = Field(default=300.0, gt=0)
    requests_per_minute: int = Field(default=600, ge=1, description="For one account, all its tokens together.")
    searches_per_minute: int = Field(default=30, ge=1, description="For one account; each face counts.")
    views_per_minute: int = Field(default=12_000, ge=1, description="Pictures of cameras and alerts, by one account.")
    faces_per_minute: int = Field(default=300, ge=1, description="Pictures of enrolled people, by one account.")
    connections: int = Field(default=800, ge=16, description="In total, as far as file descriptors suffice.")
    connections_per_client: int = Field(default=400, ge=1, description="Of one address; proxies are not counted.")
    head_seconds: float = Field(
        default=10.0, gt=0, description="Seconds within which the head of a request must be complete."
    )
    body_seconds: float = Field(
        default=10.0, ge=1, description="Seconds for which a body may arrive slower than body_bytes_per_second."
    )
    body_bytes_per_second: int = Field(default=8 * 1024, ge=1, description="The least speed of a body.")
    answer_seconds: float = Field(
        default=60.0, gt=0, description="Seconds within which the client must read some of a waiting answer."
    )
    upload_bytes: int = Field(
        default=300 * 1024 * 1024, ge=100 * 1024 * 1024, description="Of all uploads that are being sent or processed."
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _of_networks(cls, value: str | None) -> str | None:
        Proxies.parse(value)
        return value
