"""A setting in the environment that cannot be used."""

from typing import ClassVar, Self

from pydantic import ValidationError

from matcher.errors import ClearglassError


class SettingError(ClearglassError):
    """A setting in the environment is invalid."""

    code: ClassVar[str] = "setting_invalid"

    @classmethod
    def of(cls, error: ValidationError) -> Self:
        """The error for the first fault that was found when settings were read."""
        first = error.errors()[0]
        name = "CLEARGLASS_" + "_".join(map(str, first["loc"][:1])).upper()
        return cls(f"The setting {name} cannot be used: {first['msg']}.", remedy="Correct it or leave it out.")
