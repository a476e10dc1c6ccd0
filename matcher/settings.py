"""The settings of this package. Each is an environment variable with the prefix CLEARGLASS_."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from matcher.recognition.face_model import FaceModel
from matcher.recognition.operating_point import LARGEST_THRESHOLD
from matcher.time_zone import TimeZoneUnknownError, time_zone

DEFAULT_TIME_ZONE = "UTC"


class ModelSettings(BaseSettings):
    """The model that compares faces. embedders: a file that registers embedders. fusion: embedders with their weights,
    the one to search by first, such as sface=1,dlib=0.5.
    """

    model_config = SettingsConfigDict(env_prefix="CLEARGLASS_", extra="ignore", frozen=True)

    embedders: Path | None = None
    fusion: str | None = None

    def face_model(self) -> FaceModel:
        """The chosen model. Raises EmbedderEntryError, FusionSettingError."""
        return FaceModel.chosen(self.embedders, self.fusion)


class MatcherSettings(ModelSettings):
    """The data folder, its master key, and the threshold of searches. folder: the data folder; made if it is not there.
    master_key: 32 bytes in base64. master_key_file: a file that holds the same. With neither, `master.key` in the data
    folder is used, and made the first time. operating_point: a name from `operating_points.json`, the package's or the
    data folder's; None is the default point. threshold: a bare number in its place, which has no evidence; every page
    shows a warning. candidates: the most subjects in an answer. witness_policy: a file with the log's witnesses and the
    quorum whose cosignatures it needs before it publishes a checkpoint (C2SP tlog-policy). time_zone: an IANA name,
    such as Europe/Berlin, in which the hours of consents are read for cameras without a time zone of their own.
    """

    folder: Path
    master_key: SecretStr | None = None
    master_key_file: Path | None = None
    operating_point: str | None = None
    threshold: float | None = Field(default=None, gt=0, le=LARGEST_THRESHOLD, allow_inf_nan=False)
    candidates: int = Field(default=5, ge=1, le=50)
    witness_policy: Path | None = None
    time_zone: str = DEFAULT_TIME_ZONE

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            return time_zone(value).key
        except TimeZoneUnknownError as error:
            raise ValueError(str(error)) from error


def secret_paths(settings: MatcherSettings) -> tuple[Path, ...]:
    """What no process that decodes a camera's stream may read: the data folder and the master key's file."""
    key = settings.master_key_file
    return (settings.folder,) if key is None else (settings.folder, key)
