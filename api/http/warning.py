"""What was done as asked, and probably does not do what was meant: an answer says so beside its result."""

from typing import Literal

from pydantic import BaseModel


class WarningOut(BaseModel):
    """A warning: nothing failed. code: for programs."""

    code: Literal["purpose_unused", "nobody_in_scope"]
    message: str
    remedy: str
