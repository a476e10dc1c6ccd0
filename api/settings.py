"""What an installation may set about the HTTP service, with the defaults of a single machine."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ApiSettings(BaseSettings):
    """Read from CLEARGLASS_* in the environment.

    secure_cookies: set where TLS ends in front of the service, so that the session's cookie never travels in the
    clear. trusted_proxies: addresses or networks, by comma, of the proxies in front; from these alone X-Forwarded-For
    is believed, and from nobody unless it is set. metrics_open: /metrics holds no person and is open as Prometheus
    expects; false asks for a token with the `metrics` permission. low_disk_bytes: with less room than that on the data
    folder's disk, every page says so.
    """

    model_config = SettingsConfigDict(env_prefix="CLEARGLASS_", extra="ignore")

    secure_cookies: bool = False
    trusted_proxies: str | None = None
    metrics_open: bool = True
    low_disk_bytes: int = Field(default=2_000_000_000, ge=0)
    session_hours: float = Field(default=12.0, gt=0, le=24 * 30)
    token_days: int = Field(default=90, ge=1, le=366)
    login_attempts: int = Field(default=8, ge=1, description="Failed logins of one name or address before it waits.")
    login_window_seconds: float = Field(default=300.0, gt=0)
    requests_per_minute: int = Field(default=600, ge=1, description="Of one account, all its tokens together.")
    searches_per_minute: int = Field(default=30, ge=1, description="Of one account, each face counted.")
    views_per_minute: int = Field(default=12_000, ge=1, description="Pictures of cameras and alerts, by one account.")
    faces_per_minute: int = Field(default=300, ge=1, description="Pictures of enrolled people, by one account.")
