"""What can be wrong with a consent."""

from typing import ClassVar

from matcher.errors import ClearglassError


class ConsentError(ClearglassError):
    """A consent does not allow what was asked."""

    code: ClassVar[str] = "consent"


class ConsentUnknownError(ConsentError):
    """No consent has this id."""

    code: ClassVar[str] = "consent_unknown"


class ConsentRequiredError(ConsentError):
    """No consent covers what was asked, now."""

    code: ClassVar[str] = "consent_required"


class ConsentExpiredError(ConsentError):
    """The consent's time is over."""

    code: ClassVar[str] = "consent_expired"


class ConsentInvalidError(ConsentError):
    """The consent record is incomplete or contradicts itself."""

    code: ClassVar[str] = "consent_invalid"
