"""Which of two pictures an error is about."""

from collections.abc import Iterator
from contextlib import contextmanager

from matcher.errors import ClearglassError


@contextmanager
def about(thing: str) -> Iterator[None]:
    """Puts the thing's name before the message of an error that the block raises."""
    try:
        yield
    except ClearglassError as error:
        error.message = f"{thing}: {error.message}"
        raise
